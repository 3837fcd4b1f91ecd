// What a listener's entry says of order, concurrency, retries, the ends of messages, and limits: from the file into structs and back.
#pragma once

#include <nlohmann/json.hpp>

#include "config/config.hpp"

namespace dispytch::config {

/// Sets handling, emitter and dead letters of a listener by its entry, which has no problems. Policies of which the entry doesn't speak
/// stay open.
void read_handling(const nlohmann::json& entry, ListenerConfig& listener);

/// Adds them to the description of a listener, as a file would have them, defaults filled in.
void describe_handling(const ListenerConfig& listener, nlohmann::json& described);

}  // namespace dispytch::config
