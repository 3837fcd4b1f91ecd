// What an unquoted YAML scalar means.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace dispytch::config {

struct Scalar {
  nlohmann::json value = nullptr;
  std::string problem = {};  ///< not empty: the text means something that a config can't hold
};

/// By the core schema of YAML 1.2 (yaml.org/spec/1.2.2, 10.3.2): null, true, 12, 0o14, 0xC, 1.5e3; anything else is text. `yes`, `on` and
/// `1_000` are text. Integers beyond 64 bits, infinities and not-a-number are problems.
Scalar resolve_plain(std::string_view text);

/// What is said of an integer beyond 64 bits with a sign.
std::string integer_problem(bool negative);

/// Whether `text` has at least one character, and none but these.
inline bool all_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

}  // namespace dispytch::config
