// Schemas and values in words: "an integer of at least 1", `"five"`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace dispytch::schema {

/// What a schema asks for: "one of `earliest`, `latest`". `resolved` is no $ref.
std::string expected_phrase(const nlohmann::json& resolved);

/// A value as it is shown to a person: `"five"` (cut to 60 bytes), `7`, "a list", "nothing" for null.
std::string found_phrase(const nlohmann::json& value);

/// "`a`, `b` or `c`".
std::string listed(const std::vector<std::string>& words, std::string_view last_joint);

}  // namespace dispytch::schema
