// What a backend must be able to do for what a listener is told.
#pragma once

#include <cstdint>

#include <dispytch/plugin/abi.h>
#include <dispytch/policy.hpp>

namespace dispytch::policy {

using dispytch::DeliveryOptions;
using dispytch::Limits;
using dispytch::OnUnhandled;

/// What a backend must be able to do where messages that wait for long are to go back to it: take one back while those around it are
/// acknowledged, and keep it for as long as it is told. One that can't carry attempts leaves them to the memory of the process.
inline constexpr std::uint64_t kRequeueing = DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_DELAY;
constexpr bool can_requeue(std::uint64_t capabilities) noexcept { return (capabilities & kRequeueing) == kRequeueing; }

}  // namespace dispytch::policy
