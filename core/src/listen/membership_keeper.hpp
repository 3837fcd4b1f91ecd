// Keeps a listener's membership alive while a handler is slow on the only thread that it has.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/mutex.hpp"
#include "listen/dispatcher.hpp"

namespace dispytch::listen {

/// A thread that takes the listener's state over while a handler runs for longer than a tenth of a second, polls for events of the group
/// alone, and hands the state back when the handler returns. There is one owner of the state, and of poll, at a time: whoever changed
/// `turn_` last.
class MembershipKeeper {
 public:
  explicit MembershipKeeper(Dispatcher::KeepAlive keep_alive);
  ~MembershipKeeper();

  // By the thread that steps.
  /// Handlers may run from now on.
  void work_begins() noexcept;
  void work_ends() noexcept { working_.store(false, std::memory_order_relaxed); }
  void enter_handler() noexcept { turn_.store(Turn::handler, std::memory_order_release); }
  /// Waits until the state is back.
  void leave_handler() noexcept {
    Turn expected = Turn::handler;
    if (!turn_.compare_exchange_strong(expected, Turn::stepping, std::memory_order_acq_rel)) take_back();
  }

 private:
  enum class Turn : std::uint8_t { stepping, handler, keeper };
  void watch(const std::stop_token& stop);
  void keep(const std::stop_token& stop);
  void take_back() noexcept;
  // Waits for all that time, unless it is to stop before.
  void pause(std::chrono::milliseconds time, const std::stop_token& stop) DISPYTCH_REQUIRES(mutex_);

  const Dispatcher::KeepAlive keep_alive_;
  std::atomic<Turn> turn_{Turn::stepping};
  std::atomic<std::uint64_t> rounds_{0};  // of work, to tell a slow one from the next
  std::atomic<bool> working_{false};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> wanted_back_{false};
  Mutex mutex_;  // guards nothing: it is for the two conditions
  StoppableCondition awake_;
  Condition back_;
  std::jthread thread_;
};

}  // namespace dispytch::listen
