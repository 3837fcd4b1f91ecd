#include "app/signals.hpp"

#include <csignal>
#include <cstdlib>
#include <string>

#include <pthread.h>

#include <dispytch/app.hpp>

#include "base/log.hpp"

namespace dispytch::app {
namespace {

constexpr int kEndWatching = SIGUSR2;  // sent by the destructor to the watching thread alone

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kEndWatching);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread{[this] { watch(); }};
}

Signals::~Signals() {
  pthread_kill(watcher_.native_handle(), kEndWatching);
  watcher_.join();
}

void Signals::watch() {
  const sigset_t set = watched();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (number == kEndWatching) return;
    const char* name = number == SIGINT ? "SIGINT" : "SIGTERM";
    if (source_.stop_requested()) {
      log::error("app", std::string{"a second signal ("} + name + "): ending at once; what is unfinished is not settled");
      std::_Exit(static_cast<int>(ExitCode::failed));
    }
    log::info("app", std::string{name} + ": draining; a second signal ends at once");
    source_.request_stop();
  }
}

}  // namespace dispytch::app
