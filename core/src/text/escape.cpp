#include "text/escape.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "text/character.hpp"

namespace dispytch::text {
namespace {

void append_hex(char32_t number, std::size_t least_digits, std::string& out) {
  std::array<char, 8> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(number), 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count < least_digits) out.append(least_digits - count, '0');
  out.append(digits.data(), count);
}

void append_byte(char32_t byte, std::string& out) {
  out += "\\x";
  append_hex(byte, 2, out);
}

void append_for_people(const Character& character, std::string& out) {
  if (!character.valid || character.code_point < 0xA0) return append_byte(character.code_point, out);
  const bool plane_0 = character.code_point <= 0xFFFF;
  out += plane_0 ? "\\u" : "\\u{";
  append_hex(character.code_point, 4, out);
  if (!plane_0) out += '}';
}

void append_for_json(char32_t code_point, std::string& out) {
  switch (code_point) {
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto unit = [&](char32_t number) {
    out += "\\u";
    append_hex(number, 4, out);
  };
  if (code_point <= 0xFFFF) return unit(code_point);
  unit(0xD800 + ((code_point - 0x10000) >> 10));
  unit(0xDC00 + ((code_point - 0x10000) & 0x3FF));
}

// Appends what is visible as it is, and has `append` do the rest.
template <class Append>
void for_invisible(std::string_view bytes, std::string& out, Append append) {
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    if (character.valid && is_visible(character.code_point)) {
      out += bytes.substr(0, character.size);
    } else {
      append(character);
    }
    bytes.remove_prefix(character.size);
  }
}

}  // namespace

std::string printable(std::string_view bytes, Layout layout) {
  std::string out;
  out.reserve(bytes.size());
  for_invisible(bytes, out, [&](const Character& character) {
    const bool kept = (character.code_point == '\t' && layout != Layout::none) || (character.code_point == '\n' && layout == Layout::lines);
    if (kept) {
      out += static_cast<char>(character.code_point);
    } else {
      append_for_people(character, out);
    }
  });
  return out;
}

void append_json_string(std::string_view bytes, std::string& out) {
  out += '"';
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    if (!character.valid) {
      out += '\\';
      append_byte(character.code_point, out);
    } else if (!is_visible(character.code_point)) {
      append_for_json(character.code_point, out);
    } else {
      if (character.code_point == '"' || character.code_point == '\\') out += '\\';
      out += bytes.substr(0, character.size);
    }
    bytes.remove_prefix(character.size);
  }
  out += '"';
}

std::string escape_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for_invisible(json, out, [&](const Character& character) {
    if (character.code_point < 0x20) {
      out += static_cast<char>(character.code_point);  // white space between values
    } else {
      append_for_json(character.code_point, out);
    }
  });
  return out;
}

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    if (character.valid) {
      out += bytes.substr(0, character.size);
    } else {
      append_byte(character.code_point, out);
    }
    bytes.remove_prefix(character.size);
  }
  return out;
}

}  // namespace dispytch::text
