// Why a message is not simply done.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "handle/bind.hpp"

namespace dispytch::inflight {

/// One failed attempt at a message, or the reason for which there was none. Made by the thread that calls the handler, read by the owner of
/// the listener's state.
struct HandlingFailure {
  enum class Kind : std::uint8_t {
    failed,       ///< the handler threw, said that it failed, or was not completed in time
    undecodable,  ///< the message is no such event
    dead_letter,  ///< the handler asked for the dead letters
    retry_after,  ///< the handler asked for another attempt
    unavailable,  ///< something that the handler needs is away: the attempt does not count
    postponed,    ///< the handler's gate did not let the call pass
    unhandled,    ///< no handler wants events of this type
    crashed,      ///< its handling was begun again and again, and never ended: the process was gone each time
    tombstone,    ///< there is no payload, and no handler takes such
  };
  Kind kind = Kind::failed;
  const handle::BoundHandler* handler = nullptr;  ///< null: none was found yet
  std::string reason = {};
  std::string exception = {};        ///< its type; empty where nothing was thrown
  bool worth_retrying = true;        ///< false: the handler's filter refuses the exception
  bool fatal = false;                ///< an emitter has failed for good: no attempt of any message can succeed
  std::chrono::nanoseconds delay{};  ///< until the next attempt: for retry_after and postponed
  // By listen::Endings, once the message is to go to the dead letters.
  std::string letter_error = {};     ///< why its letter was not stored the last time; empty: it was not tried, or is under way
  bool letter_refused = false;       ///< and that does not pass by itself
  std::uint32_t too_large = 0;       ///< how often its letter was too large: each time it says less
  std::chrono::nanoseconds since{};  ///< Item::deferred: the monotonic time of the failure; 0: the item is not deferred
};

}  // namespace dispytch::inflight
