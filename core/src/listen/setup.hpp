// What the owners of a listener's state know of it from its start on.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "inflight/item.hpp"
#include "policy/delivery_options.hpp"
#include "policy/policy.hpp"

namespace dispytch::listen {

/// Immutable while the listener runs.
struct Setup {
  std::string name = {};
  std::string group = {};
  std::string log_source = {};
  policy::DeliveryOptions delivery = {};
  policy::Policy policy = {};  ///< of messages for which no handler was found, or several that disagree
  bool has_dead_letters = false;
  bool quiet = false;             ///< assignments and the end are logged as debug
  std::string skip_command = {};  ///< lets a held message go, to be followed by its place; empty: nothing does while the listener runs
  const Clock* clock = &system_clock();
  Random* random = nullptr;

  /// Logs an assignment, a revocation or the end.
  void announce(std::string_view text) const { log::write(quiet ? log::Level::debug : log::Level::info, log_source, text); }
  std::chrono::nanoseconds now() const noexcept { return clock->monotonic(); }
  const policy::Policy& policy_of(const inflight::Item& item) const noexcept {
    if (!item.failure) return policy;
    if (item.failure->handler != nullptr) return item.failure->handler->policy;
    const bool typeless = item.failure->kind == inflight::HandlingFailure::Kind::undecodable && item.routes != nullptr;
    return typeless && item.routes->undecodable != nullptr ? *item.routes->undecodable : policy;
  }
};

}  // namespace dispytch::listen
