#include "text/character.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dispytch::text {
namespace {

constexpr std::size_t kLongestCharacter = 4;

// First and last of each range that is_visible() leaves out, ascending.
constexpr std::array<std::pair<char32_t, char32_t>, 20> kInvisible{
    {{0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C},
     {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
     {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
     {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0x110000, 0xFFFFFFFF}}};

}  // namespace

Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {.code_point = first, .size = 1, .valid = true};
  const Character none{.code_point = first};
  const std::size_t size = first >= 0xC2 && first <= 0xDF ? 2 : first >= 0xE0 && first <= 0xEF ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
  if (size == 0 || text.size() < size) return none;
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;  // shorter forms exist for less
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;   // surrogates, beyond U+10FFFF
  if (byte(1) < least || byte(1) > most) return none;
  char32_t code_point = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return none;
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  return {.code_point = code_point, .size = size, .valid = true};
}

bool is_visible(char32_t code_point) noexcept {
  const auto* const range = std::ranges::lower_bound(kInvisible, code_point, {}, &std::pair<char32_t, char32_t>::second);
  return range == kInvisible.end() || code_point < range->first;
}

std::string_view cut(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  // Only a character that begins within its length before the border can reach beyond it.
  for (std::size_t back = 1; back < kLongestCharacter && back <= most; ++back) {
    const Character character = first_character(text.substr(most - back));
    if (character.valid && character.size > back) return text.substr(0, most - back);
  }
  return text.substr(0, most);
}

}  // namespace dispytch::text
