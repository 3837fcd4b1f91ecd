// The defaults of a listener's keys as the schema states them. The structs leave open what handlers and groups may decide, so checks and
// prints that need a number where the file has none ask here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace dispytch::config {

/// The default of the key at a pointer into a listener, as a file would have it: `/retry/backoff/max` is "10s". The key must have one.
const nlohmann::json& listener_default(std::string_view pointer);

/// The same of a number, or of a duration or a size in the unit of its key: 10000.
std::int64_t listener_default_count(std::string_view pointer);

/// The number in the unit of its key at a pointer into a listener as a file would have it: `10s`, `64MiB`, `4096`.
std::string print_listener_count(std::string_view pointer, std::int64_t count);

}  // namespace dispytch::config
