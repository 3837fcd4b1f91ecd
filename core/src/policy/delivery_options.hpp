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
/// acknowledged, keep it for as long as it is told, and count how often it was delivered, since nothing else says how often it was tried.
inline constexpr std::uint64_t kRequeueing =
    DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_DELAY | DISPYTCH_CAN_COUNT_ATTEMPTS;
constexpr bool can_requeue(std::uint64_t capabilities) noexcept { return (capabilities & kRequeueing) == kRequeueing; }

}  // namespace dispytch::policy
