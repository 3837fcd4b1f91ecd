// UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace dispytch::codec {

/// The byte where `text` stops being UTF-8; npos: nowhere.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace dispytch::codec
