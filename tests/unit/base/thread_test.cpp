#include "base/thread.hpp"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

namespace dispytch {
namespace {

bool blocks(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

TEST(BlockSignalsInThisThread, LeavesToAThreadItsOwnFaultsAlone) {
  bool terminate = false, interrupt = false, fault = true;
  std::thread{[&] {
    block_signals_in_this_thread();
    terminate = blocks(SIGTERM);
    interrupt = blocks(SIGINT);
    fault = blocks(SIGSEGV) || blocks(SIGFPE) || blocks(SIGABRT);
  }}.join();
  EXPECT_TRUE(terminate);
  EXPECT_TRUE(interrupt);
  EXPECT_FALSE(fault);
  EXPECT_FALSE(blocks(SIGTERM)) << "of the thread that was started, and of no other";
}

TEST(SignalsBlocked, HoldsForThreadsThatStartMeanwhile) {
  bool in_thread = false;
  {
    const SignalsBlocked blocked;
    std::thread{[&] { in_thread = blocks(SIGTERM); }}.join();
  }
  EXPECT_TRUE(in_thread);
  EXPECT_FALSE(blocks(SIGTERM));
}

}  // namespace
}  // namespace dispytch
