#include "policy/policy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "policy/fields.hpp"

namespace dispytch::policy {

HandlingPolicy first_said(HandlingPolicy first, const HandlingPolicy& second) {
  for_each_policy_field([&](const auto& field) {
    if (!field.get(first)) field.get(first) = field.get(second);
  });
  return first;
}

HandlingPolicy with_defaults(const HandlingPolicy& said, bool has_dead_letters) {
  HandlingPolicy all = said;
  if (!all.on_failure && has_dead_letters) all.on_failure = OnFailure::dead_letter;
  all = first_said(all, kDefaultPolicy);
  if (!all.on_undecodable) all.on_undecodable = all.on_failure;
  return all;
}

std::chrono::nanoseconds Policy::backoff(std::uint32_t failed, double uniform) const noexcept {
  const double most = static_cast<double>(max.count());
  double wait = static_cast<double>(initial.count()) * std::pow(factor, static_cast<double>(failed - 1));
  wait = std::min(wait, most);  // infinity too
  wait *= 1 + jitter * (2 * uniform - 1);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(std::clamp(wait, 0.0, most))};
}

bool Policy::worth_retrying(const std::exception_ptr& thrown) const {
  return (!only || only->matches(thrown)) && !(except && except->matches(thrown));
}

Policy resolve(const HandlingPolicy& said, bool has_dead_letters) {
  const HandlingPolicy all = with_defaults(said, has_dead_letters);
  return {.attempts = std::max(1u, *all.retry.attempts),
          .initial = *all.retry.backoff.initial,
          .factor = *all.retry.backoff.factor,
          .max = *all.retry.backoff.max,
          .jitter = *all.retry.backoff.jitter,
          .only = all.retry.only,
          .except = all.retry.except,
          .requeues = all.retry.beyond_in_place_max == BeyondInPlaceMax::requeue,
          .on_failure = *all.on_failure,
          .on_undecodable = *all.on_undecodable,
          .timeout = *all.timeout,
          .breaker_failures = *all.breaker.failures,
          .breaker_pause = *all.breaker.pause,
          .per_second = *all.rate.per_second,
          .burst = std::max(1u, *all.rate.burst)};
}

}  // namespace dispytch::policy
