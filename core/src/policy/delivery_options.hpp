// What a listener is told about order, concurrency, bounds and failures; the config file's part of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <dispytch/plugin/abi.h>
#include <dispytch/policy.hpp>

namespace dispytch::policy {

/// What a backend must be able to do where messages that wait for long are to go back to it: take one back while those around it are
/// acknowledged, keep it for as long as it is told, and count how often it was delivered, since nothing else says how often it was tried.
inline constexpr std::uint64_t kRequeueing =
    DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_DELAY | DISPYTCH_CAN_COUNT_ATTEMPTS;
constexpr bool can_requeue(std::uint64_t capabilities) noexcept { return (capabilities & kRequeueing) == kRequeueing; }

/// What becomes of a message whose type no handler wants.
enum class OnUnhandled : std::uint8_t { settle, dead_letter, stop, hold };

/// How much may be unfinished at a time. A poll asks for no more than what is left of each.
struct Limits {
  std::size_t messages = 16 * 1024;
  std::uint64_t bytes = 64 * 1024 * 1024;  ///< of keys and payloads
  std::size_t span = 64 * 1024;            ///< messages of one source between its first unfinished and its newest
  std::size_t lane = 4 * 1024;             ///< messages that wait in one blocked lane, before its source is withheld
};

struct DeliveryOptions {
  Ordering ordering = Ordering::partition;
  std::uint32_t concurrency = 1;  ///< handlers at a time; 1: on the polling thread
  Limits limits = {};
  HandlingPolicy policy = {};  ///< where neither handler nor group says something
  OnUnhandled on_unhandled = OnUnhandled::settle;
  OnTombstone on_tombstone = OnTombstone::settle;
  std::chrono::milliseconds in_place_max{30'000};    ///< the longest backoff that holds a lane
  std::chrono::milliseconds revoke_timeout{10'000};  ///< the longest wait for running handlers when a source is given up
  std::chrono::milliseconds stuck_after{300'000};    ///< a message unfinished for longer makes the listener unhealthy; 0: never
};

}  // namespace dispytch::policy
