#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace dispytch::config {
namespace {

unsigned char byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool continues(std::string_view bytes, std::size_t at) { return at < bytes.size() && (byte(bytes, at) & 0xC0U) == 0x80U; }

// The length of the character at `at`; 0 where there is none. Overlong forms, surrogates and what lies beyond U+10FFFF are none.
std::size_t character(std::string_view bytes, std::size_t at) {
  const unsigned char first = byte(bytes, at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF ? 2 : (first & 0xF0U) == 0xE0U ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!continues(bytes, at + i)) return 0;
  if (length > 2) {
    const unsigned char second = byte(bytes, at + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F))
      return 0;
  }
  return length;
}

std::string hexadecimal(unsigned char value) {
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "0x%02X", static_cast<unsigned>(value));
  return digits.data();
}

constexpr std::size_t kBlock = 256;

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Lines::Lines(std::string_view text) : text_{text}, starts_{0} {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) starts_.push_back(at + 1);
  characters_.push_back(0);
  for (std::size_t at = 0; at + kBlock <= text.size(); at += kBlock)
    characters_.push_back(characters_.back() + count_characters(text.substr(at, kBlock)));
}

std::size_t Lines::line_index(std::size_t offset) const {
  return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) - 1;
}

std::size_t Lines::characters_before(std::size_t offset) const {
  const std::size_t block = offset / kBlock;
  return characters_[block] + count_characters(text_.substr(block * kBlock, offset - block * kBlock));
}

Position Lines::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const std::size_t index = line_index(offset);
  const std::size_t column = characters_before(offset) - characters_before(starts_[index]);
  return {.line = static_cast<int>(index) + 1, .column = static_cast<int>(column) + 1};
}

std::string_view Lines::line(std::size_t offset) const {
  const std::size_t start = starts_[line_index(std::min(offset, text_.size()))];
  std::string_view line = text_.substr(start, text_.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<TextError> find_text_error(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return TextError{.offset = 0, .text = "the file is in UTF-16; save it as UTF-8"};
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character(bytes, at);
    if (length == 0)
      return TextError{.offset = at, .text = "byte " + hexadecimal(byte(bytes, at)) + " is no UTF-8; a config file is text in UTF-8"};
    const unsigned char first = byte(bytes, at);
    if ((first < 0x20 && first != '\t' && first != '\n' && first != '\r') || first == 0x7F)
      return TextError{.offset = at, .text = "control character " + hexadecimal(first) + "; a config file is text in UTF-8"};
    at += length;
  }
  return std::nullopt;
}

std::string_view without_byte_order_mark(std::string_view bytes) noexcept {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return bytes;
}

}  // namespace dispytch::config
