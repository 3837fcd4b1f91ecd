// Threads that no signal of the process reaches: those are for the thread that waits for them.
#pragma once

#include <csignal>
#include <initializer_list>

#include <pthread.h>

namespace dispytch {

/// All signals but those of a thread's own faults, which end the process, blocked or not.
inline sigset_t signals_of_the_process() noexcept {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&set, fault);
  return set;
}

/// Blocks them in this thread for good, and in the threads that it starts from then on. First thing in the body of a thread of dispytch's
/// own.
inline void block_signals_in_this_thread() noexcept {
  const sigset_t set = signals_of_the_process();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// Blocks them in this thread while one lives. The threads that are started meanwhile keep them blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    const sigset_t set = signals_of_the_process();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_ = {};
};

}  // namespace dispytch
