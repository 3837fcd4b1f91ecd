#include "codec/utf8.hpp"

#include "text/character.hpp"

namespace dispytch::codec {

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::first_character(text.substr(at));
    if (!character.valid) return at;
    at += character.size;
  }
  return std::string_view::npos;
}

}  // namespace dispytch::codec
