// Keeps a listener's membership alive while a handler is slow on the only thread that it has.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <thread>

#include <dispytch/result.hpp>

#include "base/mutex.hpp"

namespace dispytch::listen {

class Engine;

/// A thread that takes the engine's state over while a handler runs for longer than kPatience, polls with no credit, and hands it back
/// when the handler returns. There is one owner of the state, and of poll, at a time: whoever changed `turn_` last.
class Keeper {
 public:
  explicit Keeper(Engine& engine);
  ~Keeper();

  // By the thread that steps the engine.
  void batch_begins() noexcept;
  void batch_ends() noexcept { in_batch_.store(false, std::memory_order_relaxed); }
  void enter_handler() noexcept { turn_.store(Turn::handler, std::memory_order_release); }
  void leave_handler() noexcept {
    Turn expected = Turn::handler;
    if (!turn_.compare_exchange_strong(expected, Turn::stepper, std::memory_order_acq_rel)) take_back();
  }

 private:
  enum class Turn : std::uint8_t { stepper, handler, keeper };
  void watch(const std::stop_token& stop);
  void keep(const std::stop_token& stop);
  void take_back() noexcept;
  // Waits for all that time, unless it is to stop before.
  void pause(std::chrono::milliseconds time, const std::stop_token& stop) DISPYTCH_REQUIRES(mutex_);

  Engine& engine_;
  std::atomic<Turn> turn_{Turn::stepper};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<bool> in_batch_{false};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> wanted_back_{false};
  Mutex mutex_;  // guards nothing: it is for the two conditions
  StoppableCondition awake_;
  Condition back_;
  std::jthread thread_;
};

}  // namespace dispytch::listen
