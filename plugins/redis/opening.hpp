// What a consumer needs at the server before it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/config.hpp>

#include "entry_id.hpp"
#include "server.hpp"
#include "session.hpp"

namespace dispytch::redis {

/// Where a group begins that has no position.
enum class Start : std::uint8_t { earliest, latest, stored };

/// The options with which a consumer is opened.
struct Subscription {
  std::vector<std::string> topics = {};
  std::string group = {};
  std::string instance = {};
  Start start = Start::earliest;
  bool ephemeral = false;

  /// Throws plugin::Exception with the pointer of the option that is wrong.
  explicit Subscription(const plugin::Config& options);
};

/// Returns the position behind which a stream is read without a group. Sees to it that the stream is there, and its group where one is
/// named. Throws plugin::Exception.
EntryId prepare(Session& session, const Server& server, const Subscription& subscription, const std::string& topic);

/// Throws plugin::Exception where the server is older than version 7: what is trimmed while it is pending is told only since then.
void require_version(Session& session);

}  // namespace dispytch::redis
