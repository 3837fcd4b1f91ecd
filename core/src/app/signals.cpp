#include "app/signals.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>

#include <pthread.h>

#include <dispytch/app.hpp>

#include "base/log.hpp"

namespace dispytch::app {
namespace {

constexpr int kWake = SIGUSR2;  // sent to the watching thread alone: it looks at what has changed
constexpr std::chrono::seconds kSameRequest{1};

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kWake);
  return set;
}

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

}  // namespace

Signals::Signals() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread{[this] { watch(); }};
}

Signals::~Signals() {
  closing_ = true;
  wake();
  watcher_.join();
}

void Signals::wake() { pthread_kill(watcher_.native_handle(), kWake); }

void Signals::watch() {
  const sigset_t set = watched();
  while (!closing_) {
    const std::optional<Clock::duration> wait = left();
    const timespec timeout = to_timespec(std::max(wait.value_or(Clock::duration{0}), Clock::duration{0}));
    const int number = wait ? sigtimedwait(&set, nullptr, &timeout) : sigwaitinfo(&set, nullptr);
    if (number == SIGINT || number == SIGTERM) received(number);
    end_if_due();
  }
}

void Signals::received(int number) {
  const std::string name = number == SIGINT ? "SIGINT" : "SIGTERM";
  const Clock::time_point now = Clock::now();
  bool starting = false;
  {
    const std::lock_guard lock{mutex_};
    if (asked_ && now - *asked_ < kSameRequest) return;
    if (asked_) {
      log::error("app", "a second signal (" + name + "): ending at once; what is unfinished is not settled");
      std::_Exit(static_cast<int>(ExitCode::failed));
    }
    asked_ = now;
    starting = prompt_since_.has_value();
  }
  log::info("app", name + (starting ? ": interrupted; nothing is in hand" : ": draining; a second signal ends at once"));
  source_.request_stop();
}

std::optional<Signals::Clock::duration> Signals::left() const {
  const std::lock_guard lock{mutex_};
  if (!asked_ || !prompt_since_) return std::nullopt;
  return std::max(*asked_, *prompt_since_) + PromptEnd::kPatience - Clock::now();
}

void Signals::end_if_due() {
  if (const auto wait = left(); !wait || *wait > Clock::duration{0}) return;
  const std::lock_guard lock{mutex_};  // held to the end: what lives no more at this moment ends by itself
  if (!prompt_since_) return;
  log::error("app", "interrupted: ending without the broker's answer; nothing was in hand");
  std::_Exit(exit_code_);
}

void Signals::throw_if_interrupted() const {
  if (source_.stop_requested()) throw Exception{ErrorCode::closed, "interrupted before the start was complete; nothing was in hand"};
}

Signals::PromptEnd::PromptEnd(Signals& signals, int exit_code) : signals_{signals} {
  {
    const std::lock_guard lock{signals_.mutex_};
    signals_.prompt_since_ = Clock::now();
    signals_.exit_code_ = exit_code;
  }
  signals_.wake();
}

Signals::PromptEnd::~PromptEnd() {
  const std::lock_guard lock{signals_.mutex_};
  signals_.prompt_since_.reset();
}

void Signals::PromptEnd::set_exit_code(int exit_code) noexcept {
  const std::lock_guard lock{signals_.mutex_};
  signals_.exit_code_ = exit_code;
}

}  // namespace dispytch::app
