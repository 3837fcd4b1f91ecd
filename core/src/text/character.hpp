// Bytes as characters: UTF-8 as RFC 3629 has it, without overlong forms, surrogates, and what lies beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace dispytch::text {

/// The first character of a text.
struct Character {
  char32_t code_point = 0;  ///< of a byte that begins no character: the byte
  std::size_t size = 1;     ///< in bytes
  bool valid = false;       ///< false: a byte that begins no character
};

/// Reads the first character of `text`, which is not empty.
Character first_character(std::string_view text) noexcept;

/// Returns whether a reader sees the character as one: it is no control character (C0, DEL, C1), no line or paragraph separator, and none
/// that is drawn as nothing, or turns the direction of what stands beside it (Default_Ignorable_Code_Point and the interlinear marks of
/// Unicode 15: byte order marks, soft hyphens, joiners, bidirectional marks, variation selectors, tags).
bool is_visible(char32_t code_point) noexcept;

/// Returns the longest prefix within `most` bytes that ends between two characters.
std::string_view cut(std::string_view text, std::size_t most) noexcept;

}  // namespace dispytch::text
