// Bytes of the plugin border as text.
#pragma once

#include <cstdint>
#include <string_view>

#include <dispytch/plugin/abi.h>

namespace dispytch::text {

/// Returns the bytes as they are, whatever they are. Valid as long as what they point at.
inline std::string_view view(dispytch_bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }
/// Returns the same bytes as the plugin border names them. An empty view may have no data; present and empty needs some.
inline dispytch_bytes bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data() != nullptr ? text.data() : ""), text.size()};
}

}  // namespace dispytch::text
