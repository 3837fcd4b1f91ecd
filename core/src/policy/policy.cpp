#include "policy/policy.hpp"

#include <algorithm>
#include <cmath>

namespace dispytch::policy {
namespace {

template <class T>
void say(std::optional<T>& first, const std::optional<T>& second) {
  if (!first) first = second;
}

}  // namespace

HandlingPolicy first_said(HandlingPolicy first, const HandlingPolicy& second) {
  say(first.retry.attempts, second.retry.attempts);
  say(first.retry.backoff.initial, second.retry.backoff.initial);
  say(first.retry.backoff.factor, second.retry.backoff.factor);
  say(first.retry.backoff.max, second.retry.backoff.max);
  say(first.retry.backoff.jitter, second.retry.backoff.jitter);
  say(first.retry.beyond_in_place_max, second.retry.beyond_in_place_max);
  if (first.retry.only.matches == nullptr) first.retry.only = second.retry.only;
  say(first.on_failure, second.on_failure);
  say(first.on_undecodable, second.on_undecodable);
  say(first.timeout, second.timeout);
  say(first.breaker.failures, second.breaker.failures);
  say(first.breaker.pause, second.breaker.pause);
  say(first.rate.per_second, second.rate.per_second);
  say(first.rate.burst, second.rate.burst);
  return first;
}

std::chrono::nanoseconds Policy::backoff(std::uint32_t failed, double uniform) const noexcept {
  const double most = static_cast<double>(max.count());
  double wait = static_cast<double>(initial.count()) * std::pow(factor, static_cast<double>(failed - 1));
  wait = std::min(wait, most);  // infinity too
  wait *= 1 + jitter * (2 * uniform - 1);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(std::clamp(wait, 0.0, most))};
}

Policy resolve(const HandlingPolicy& said, bool has_dead_letters) {
  Policy policy;
  policy.attempts = std::max(1u, said.retry.attempts.value_or(policy.attempts));
  policy.initial = said.retry.backoff.initial.value_or(std::chrono::milliseconds{100});
  policy.factor = said.retry.backoff.factor.value_or(policy.factor);
  policy.max = said.retry.backoff.max.value_or(std::chrono::milliseconds{10'000});
  policy.jitter = said.retry.backoff.jitter.value_or(policy.jitter);
  policy.only = said.retry.only;
  policy.requeues = said.retry.beyond_in_place_max == BeyondInPlaceMax::requeue;
  policy.on_failure = said.on_failure.value_or(has_dead_letters ? OnFailure::dead_letter : OnFailure::hold);
  policy.on_undecodable = said.on_undecodable.value_or(policy.on_failure);
  policy.timeout = said.timeout.value_or(std::chrono::milliseconds{300'000});
  policy.breaker_failures = said.breaker.failures.value_or(0);
  policy.breaker_pause = said.breaker.pause.value_or(std::chrono::milliseconds{5'000});
  policy.per_second = said.rate.per_second.value_or(0);
  policy.burst = std::max(1u, said.rate.burst.value_or(1));
  return policy;
}

}  // namespace dispytch::policy
