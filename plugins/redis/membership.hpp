// What the parts of one consumer know of it.
#pragma once

#include <chrono>
#include <string>

#include "inbox.hpp"
#include "server.hpp"

namespace dispytch::redis {

/// A consumer as a member of its group. Immutable but for the inbox, which looks after itself.
struct Membership {
  const Server& server;
  const Inbox::Streams& streams;
  Inbox& inbox;
  const std::string group;
  const std::string member;    ///< its name in the group
  const bool ephemeral;        ///< reads without a group, and leaves nothing behind
  const std::size_t prefetch;  ///< how many entries of a stream wait here at most, about
  const std::chrono::milliseconds claim_after;
};

}  // namespace dispytch::redis
