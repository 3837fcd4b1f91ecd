// The names of what a group keeps at the server beside the stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dispytch::redis {

/// The records of one group about one stream. Their names hold the stream's own, in braces where it has none, so that all share a slot of a
/// cluster.
struct Records {
  std::string messages;  ///< a hash: by entry id, what is known of a message beyond what the group's pending list says
  std::string delayed;   ///< a sorted set: ids of messages that were given back, by the time in ms when they are due

  Records(std::string_view stream, std::string_view group) {
    std::string base = "dispytch:";
    const std::size_t open = stream.find('{');
    const std::size_t close = open == std::string_view::npos ? open : stream.find('}', open);
    const bool has_tag = close != std::string_view::npos && close > open + 1;
    base.append(has_tag ? "" : "{").append(stream).append(has_tag ? ":" : "}:").append(group);
    messages = base + ":messages";
    delayed = base + ":delayed";
  }
};

/// Owns, in a group's pending list, what was given back by members that ended: idle for so long that the next member takes it at once.
inline constexpr std::string_view kReturned = "dispytch:returned";
/// Begins the names of members that chose none themselves; those that are idle and have nothing pending are tidied away.
inline constexpr std::string_view kMemberPrefix = "dispytch:member:";

}  // namespace dispytch::redis
