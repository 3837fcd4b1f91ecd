// JSON pointers (RFC 6901), built from the inside out while an error travels up.
#pragma once

#include <string>
#include <string_view>

namespace dispytch::codec {

/// Puts `/name` before the pointer, with `~` and `/` escaped.
void prepend_to_pointer(std::string& pointer, std::string_view name);

}  // namespace dispytch::codec
