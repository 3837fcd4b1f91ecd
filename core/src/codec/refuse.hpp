// The errors of encoding.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <dispytch/result.hpp>

namespace dispytch::codec {

/// The event is wrong; emitting it again cannot help.
inline Error refuse(std::string text) { return {.code = ErrorCode::invalid, .text = std::move(text)}; }

/// `text`, as names stand in error texts.
inline std::string named(std::string_view text) { return "`" + std::string{text} + "`"; }

}  // namespace dispytch::codec
