// What is said of failures, resolved: handler, group, listener, default, each field by itself.
#pragma once

#include <chrono>
#include <cstdint>

#include <dispytch/policy.hpp>

namespace dispytch::policy {

/// `first`'s fields, and `second`'s where it says nothing.
HandlingPolicy first_said(HandlingPolicy first, const HandlingPolicy& second);

/// Nothing is left open.
struct Policy {
  std::uint32_t attempts = 3;
  std::chrono::nanoseconds initial = std::chrono::milliseconds{100};
  double factor = 2;
  std::chrono::nanoseconds max = std::chrono::seconds{10};
  double jitter = 0.2;
  ExceptionFilter only = {};
  bool requeues = false;  ///< waits beyond the listener's in_place_max are the broker's
  OnFailure on_failure = OnFailure::hold;
  OnFailure on_undecodable = OnFailure::hold;
  std::chrono::nanoseconds timeout = std::chrono::minutes{5};  ///< 0: none
  std::uint32_t breaker_failures = 0;
  std::chrono::nanoseconds breaker_pause = std::chrono::seconds{5};
  double per_second = 0;
  std::uint32_t burst = 1;

  /// Returns the wait before try number `failed` + 1; `failed` from 1. `uniform`, in [0, 1), places it within the jitter.
  std::chrono::nanoseconds backoff(std::uint32_t failed, double uniform) const noexcept;
};

/// `has_dead_letters`: the listener has somewhere to put them, which decides what is done by default.
Policy resolve(const HandlingPolicy& said, bool has_dead_letters);

}  // namespace dispytch::policy
