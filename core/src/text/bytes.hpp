// Bytes of the plugin border as text.
#pragma once

#include <string_view>

#include <dispytch/plugin/abi.h>

namespace dispytch::text {

/// Returns the bytes as they are, whatever they are. Valid as long as what they point at.
inline std::string_view view(dispytch_bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }

}  // namespace dispytch::text
