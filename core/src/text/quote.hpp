// Names and values in the sentences of errors.
#pragma once

#include <string>
#include <string_view>

namespace dispytch::text {

/// Returns a name, or a value as it would be written, between backticks.
inline std::string quoted(std::string_view text) {
  std::string result{'`'};
  result += text;
  result += '`';
  return result;
}

}  // namespace dispytch::text
