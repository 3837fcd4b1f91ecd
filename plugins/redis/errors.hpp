// What the server refuses, in sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <dispytch/plugin/status.hpp>

namespace dispytch::redis {

/// What an error of the server is about.
enum class Refusal : std::uint8_t {
  loading,        // it reads its data
  read_only,      // it is a replica
  master_down,    // a replica that lost its master
  moved,          // a cluster: the key is on another node
  cross_slot,     // a cluster: the keys of one command are on several nodes
  no_login,       // it wants a password
  wrong_login,    // it refuses the user or the password
  no_permission,  // the user may not
  out_of_memory,
  cannot_persist,
  no_group,
  no_key,
  wrong_type,
  group_exists,
  busy,  // a script or too many clients
  unblocked,
  other,
};

/// Finds out what an error is about, also where a script passed it on.
Refusal refusal_of(std::string_view error) noexcept;

/// Returns whether the same command may succeed later, without anybody changing the configuration.
bool is_passing(Refusal refusal) noexcept;

/// Makes a sentence: `doing` is what was tried, such as "reading stream `orders`", `server` where. It says what is wrong and what to
/// change.
plugin::Error error_of(std::string_view error, std::string_view doing, std::string_view server);

}  // namespace dispytch::redis
