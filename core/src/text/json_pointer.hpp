// JSON pointers (RFC 6901) as plain strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispytch::text {

/// Appends `/name` to the pointer, with `~` and `/` escaped.
void append_step(std::string& pointer, std::string_view name);

/// Puts `/name` before the pointer, for pointers that are built from the inside out while an error travels up.
void prepend_step(std::string& pointer, std::string_view name);

/// Returns the unescaped steps of a pointer: `/a~1b/0` is {"a/b", "0"}.
std::vector<std::string> steps(std::string_view pointer);

}  // namespace dispytch::text
