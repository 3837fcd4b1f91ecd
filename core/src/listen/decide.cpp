#include "listen/decide.hpp"

#include <algorithm>
#include <cstdint>

namespace dispytch::listen {

using inflight::HandlingFailure;
using policy::OnUnhandled;
using std::chrono::nanoseconds;
using Kind = Decision::Kind;
using Counts = Decision::Counts;

namespace {

Kind kind_of(OnFailure how, bool has_dead_letters) noexcept {
  switch (how) {
    case OnFailure::dead_letter: return has_dead_letters ? Kind::dead_letter : Kind::hold;
    case OnFailure::drop: return Kind::drop;
    case OnFailure::stop: return Kind::stop;
    case OnFailure::hold: break;
  }
  return Kind::hold;
}

Kind kind_of(OnTombstone how, bool has_dead_letters) noexcept {
  return how == OnTombstone::dead_letter && has_dead_letters ? Kind::dead_letter : Kind::hold;
}

Kind kind_of(OnUnhandled how, bool has_dead_letters) noexcept {
  if (how == OnUnhandled::stop) return Kind::stop;
  return how == OnUnhandled::dead_letter && has_dead_letters ? Kind::dead_letter : Kind::hold;
}

}  // namespace

Decision decide(const FailedAttempt& attempt, const policy::DeliveryOptions& delivery, bool has_dead_letters, double uniform) noexcept {
  const HandlingFailure& failure = attempt.failure;
  const policy::Policy& policy = attempt.policy;
  if (attempt.revoked) return {.kind = Kind::leave};
  if (failure.fatal) return {.kind = Kind::stop};  // the next start has another emitter, and the message is not to blame
  switch (failure.kind) {
    case HandlingFailure::Kind::postponed: return {.kind = Kind::retry, .delay = failure.delay};
    case HandlingFailure::Kind::unavailable:
      // Never the broker's to keep: what is away may be back at any moment, and what waits for it is to go on then.
      return {.kind = Kind::retry,
              .counts = Counts::outage,
              .delay = std::min<nanoseconds>(policy.backoff(attempt.outages + 1, uniform), delivery.in_place_max)};
    case HandlingFailure::Kind::failed:
    case HandlingFailure::Kind::retry_after: {
      const std::uint32_t made = attempt.attempts + 1;
      if (!failure.worth_retrying || made >= policy.attempts) break;
      const nanoseconds delay = failure.kind == HandlingFailure::Kind::retry_after ? failure.delay : policy.backoff(made, uniform);
      const bool requeue = policy.requeues && delay > delivery.in_place_max;
      return {.kind = requeue ? Kind::requeue : Kind::retry, .counts = Counts::attempt, .delay = delay};
    }
    case HandlingFailure::Kind::dead_letter:
      return {.kind = has_dead_letters ? Kind::dead_letter : kind_of(policy.on_failure, false), .counts = Counts::attempt};
    case HandlingFailure::Kind::undecodable: return {.kind = kind_of(policy.on_undecodable, has_dead_letters), .counts = Counts::attempt};
    case HandlingFailure::Kind::unhandled: return {.kind = kind_of(delivery.on_unhandled, has_dead_letters)};
    case HandlingFailure::Kind::crashed: return {.kind = kind_of(policy.on_failure, has_dead_letters)};
    case HandlingFailure::Kind::tombstone: return {.kind = kind_of(delivery.on_tombstone, has_dead_letters)};
  }
  return {.kind = kind_of(policy.on_failure, has_dead_letters), .counts = Counts::attempt};
}

}  // namespace dispytch::listen
