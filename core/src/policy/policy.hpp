// What is said of failures, resolved: handler, group, listener, default, each field by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>

#include <dispytch/policy.hpp>

namespace dispytch::policy {

/// `first`'s fields, and `second`'s where it says nothing.
HandlingPolicy first_said(HandlingPolicy first, const HandlingPolicy& second);

/// Fills in what nobody said. `has_dead_letters`: the listener has somewhere to put them, which decides what is done by default. Of all
/// fields but the filters of exceptions something is said then.
HandlingPolicy with_defaults(const HandlingPolicy& said, bool has_dead_letters);

/// Nothing is left open. Made by resolve().
struct Policy {
  std::uint32_t attempts = 1;
  std::chrono::nanoseconds initial{};
  double factor = 1;
  std::chrono::nanoseconds max{};
  double jitter = 0;
  std::optional<ExceptionFilter> only = {};
  std::optional<ExceptionFilter> except = {};
  bool requeues = false;  ///< waits beyond the listener's in_place_max are the broker's
  OnFailure on_failure = OnFailure::hold;
  OnFailure on_undecodable = OnFailure::hold;
  std::chrono::nanoseconds timeout{};  ///< 0: none
  std::uint32_t breaker_failures = 0;
  std::chrono::nanoseconds breaker_pause{};
  double per_second = 0;
  std::uint32_t burst = 1;

  /// Returns the wait before try number `failed` + 1; `failed` from 1. `uniform`, in [0, 1), places it within the jitter.
  std::chrono::nanoseconds backoff(std::uint32_t failed, double uniform) const noexcept;
  /// Returns whether a message is worth another attempt after its handler threw that.
  bool worth_retrying(const std::exception_ptr& thrown) const;
};

/// Fills the defaults in, and makes a policy of what is said.
Policy resolve(const HandlingPolicy& said, bool has_dead_letters);

}  // namespace dispytch::policy
