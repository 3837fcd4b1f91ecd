// What becomes of a message whose attempt failed.
#pragma once

#include <chrono>
#include <cstdint>

#include "inflight/handling_failure.hpp"
#include "policy/delivery_options.hpp"
#include "policy/policy.hpp"

namespace dispytch::listen {

struct Decision {
  enum class Kind : std::uint8_t {
    retry,        ///< at the head of its lane, after `delay`
    requeue,      ///< the broker keeps the message for `delay`, and its lane goes on
    dead_letter,  ///< settled once its dead letter is confirmed
    hold,         ///< left to a person; its lane waits
    drop,         ///< settled as it is
    stop,         ///< the listener ends, and the message stays unsettled
    leave,        ///< it is its source's next owner's
  };
  /// What the attempt counts as.
  enum class Counts : std::uint8_t {
    nothing,
    attempt,  ///< one of the attempts that the policy grants
    outage,   ///< a try during an outage, which uses up no attempt
  };
  Kind kind = Kind::hold;
  Counts counts = Counts::nothing;
  std::chrono::nanoseconds delay{};
  bool operator==(const Decision&) const = default;
};

/// What is known when an attempt has failed.
struct FailedAttempt {
  const inflight::HandlingFailure& failure;
  const policy::Policy& policy;
  std::uint32_t attempts = 0;  ///< that the handler made before this one
  std::uint32_t outages = 0;   ///< tries in a row before this one for which something was away
  bool revoked = false;        ///< the message's source is about to go, or gone
};

/// Returns what the policy says of a failed attempt. `uniform`, in [0, 1), is the jitter's. Pure: any thread.
Decision decide(const FailedAttempt& attempt, const policy::DeliveryOptions& delivery, bool has_dead_letters, double uniform) noexcept;

}  // namespace dispytch::listen
