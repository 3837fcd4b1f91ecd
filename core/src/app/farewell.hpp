// The end of an application's emitters: what they still have is sent, as far as there is time, and what is left is counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "emit/emitter_core.hpp"

namespace dispytch::app {

/// How long the emitters may take.
struct Farewell {
  std::stop_token stop = {};                                       ///< somebody asks for the end
  std::optional<std::chrono::nanoseconds> asked = {};              ///< when that was, by the monotonic clock; nullopt: nobody has so far
  std::chrono::milliseconds patience{0};                           ///< from then on
  std::map<std::string, std::chrono::milliseconds> timeouts = {};  ///< of each emitter: when the broker's client itself gives up
};

/// Flushes each emitter: until the client has given up what it can't send, or, once the end was asked for, for no longer than the patience.
/// Those that aren't done by then are told to close without waiting. Blocks. Returns how many messages got no confirmation here.
std::size_t bid_farewell(const std::map<std::string, std::shared_ptr<detail::EmitterCore>>& emitters, Farewell farewell);

}  // namespace dispytch::app
