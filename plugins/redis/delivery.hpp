// From an answer of the server into the inbox.
#pragma once

#include <cstdint>
#include <vector>

#include "inbox.hpp"
#include "membership.hpp"
#include "settling.hpp"

namespace dispytch::redis {

/// Puts entries into the inbox, but for those that want to be delivered later: these are given back at once, until then.
inline void deliver(const Membership& membership, Settling& settling, const Stream& stream, std::vector<Arrival> arrivals) {
  if (!membership.ephemeral) {
    const std::int64_t now_ms = membership.server.host.clock().unix_ms();
    std::erase_if(arrivals, [&](const Arrival& arrival) {
      const auto deliver_at = membership.server.layout.deliver_at(element(*arrival.entry, 1));
      if (!deliver_at || *deliver_at <= now_ms) return false;
      settling.settle({.stream = &stream, .id = arrival.id, .gives_back = true, .delay_ms = *deliver_at - now_ms, .was_delivered = false});
      return true;
    });
  }
  membership.inbox.arrived(stream, arrivals);
}

}  // namespace dispytch::redis
