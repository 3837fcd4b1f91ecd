// How far a listener is behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "border/consumer_handle.hpp"
#include "listen/in_flight.hpp"
#include "listen/setup.hpp"

namespace dispytch::listen {

/// Of one source that is read.
struct Lag {
  std::string topic = {};
  std::int32_t partition = -1;                               ///< -1: the broker has none
  std::int64_t messages = 0;                                 ///< there to be read and not settled
  std::optional<std::chrono::milliseconds> oldest_age = {};  ///< since the time of the oldest of them; nothing: not known
};

/// Returns the lag of each source for which it is known. By the owner of the listener's state; never blocks.
std::vector<Lag> lag_of(border::ConsumerHandle& consumer, InFlight& in_flight, const Setup& setup);

}  // namespace dispytch::listen
