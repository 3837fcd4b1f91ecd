// The errors of encoding.
#pragma once

#include <string>
#include <utility>

#include <dispytch/result.hpp>

namespace dispytch::codec {

/// The event is wrong; emitting it again cannot help.
inline Error refuse(std::string text) { return {.code = ErrorCode::invalid, .text = std::move(text)}; }

}  // namespace dispytch::codec
