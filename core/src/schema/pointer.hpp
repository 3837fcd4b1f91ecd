// JSON pointers (RFC 6901) as plain strings: how every place in a config file or in a plugin's options is named.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace dispytch::schema {

/// The pointer to a key or an item of what stands at `parent`.
std::string child(std::string_view parent, std::string_view key);
std::string child(std::string_view parent, std::size_t index);

/// Whether `inner` is `outer` or stands in it.
bool within(std::string_view outer, std::string_view inner) noexcept;

/// Whether the pointer is one of `outer` or stands in one of them.
bool within_any(const std::set<std::string>& outer, std::string_view pointer);

/// The value at the pointer; null where there is none.
const nlohmann::json* find(const nlohmann::json& root, std::string_view pointer);

/// The pointer as a person writes a path: `listeners.board.topics[0].name`. `root` tells items from keys that are numbers.
std::string dotted(std::string_view pointer, const nlohmann::json& root);

}  // namespace dispytch::schema
