// A clock that a test or a simulator moves.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace dispytch {

/// Stands still until it is moved. One thread.
class VirtualClock final : public Clock {
 public:
  std::chrono::nanoseconds monotonic() const noexcept override { return since_start_; }
  std::int64_t unix_ms() const noexcept override {
    return kStart + std::chrono::duration_cast<std::chrono::milliseconds>(since_start_).count();
  }
  void advance(std::chrono::nanoseconds by) noexcept { since_start_ += by; }

 private:
  static constexpr std::int64_t kStart = 1'735'689'600'000;  // 2025-01-01: a date that tests can tell from 0
  std::chrono::nanoseconds since_start_{0};
};

}  // namespace dispytch
