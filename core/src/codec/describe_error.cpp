#include "codec/describe_error.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "codec/utf8.hpp"
#include "text/character.hpp"

namespace dispytch::codec {

using detail::Kind;
using detail::ValueType;

namespace {

constexpr std::size_t kLongest = 48;  // bytes of the payload that an error repeats

template <class T>
std::string integer_range() {
  return "an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max());
}

template <class Range, class Name>
std::string one_of(const Range& range, Name name) {
  constexpr std::size_t kMost = 12;
  std::string text;
  std::size_t count = 0;
  for (const auto& entry : range) {
    if (count++ == kMost) return text + ", ...";
    text += (text.empty() ? "\"" : ", \"") + std::string{name(entry)} + "\"";
  }
  return text;
}

}  // namespace

std::string expected_text(const ValueType& type) {
  switch (type.kind) {
    case Kind::boolean: return "true or false";
    case Kind::int8: return integer_range<std::int8_t>();
    case Kind::int16: return integer_range<std::int16_t>();
    case Kind::int32: return integer_range<std::int32_t>();
    case Kind::int64: return integer_range<std::int64_t>();
    case Kind::uint8: return integer_range<std::uint8_t>();
    case Kind::uint16: return integer_range<std::uint16_t>();
    case Kind::uint32: return integer_range<std::uint32_t>();
    case Kind::uint64: return integer_range<std::uint64_t>();
    case Kind::float32: return "a number that fits a float";
    case Kind::float64: return "a number that fits a double";
    case Kind::string: return "a string";
    case Kind::enumeration: return "one of " + one_of(type.enumeration->entries, [](const auto& entry) { return entry.name; });
    case Kind::rfc3339: return "an RFC 3339 time with its offset, such as \"2026-01-02T03:04:05Z\"";
    case Kind::unix_ms: return "a time in milliseconds since 1970, as an integer";
    case Kind::structure: return "an object (" + std::string{type.structure->name} + ")";
    case Kind::optional: return expected_text(*type.optional->value);
    case Kind::sequence:
    case Kind::bits: return "an array";
    case Kind::map: return "an object";
    case Kind::variant:
      return "an object whose `type` is one of " +
             one_of(type.variant->alternatives, [](const auto& alternative) { return alternative.tag; });
    case Kind::json: return "a JSON value";
  }
  return "a value";
}

std::string found_text(std::string_view rest) {
  if (rest.empty()) return "the end of the payload";
  switch (rest.front()) {
    case '{': return "an object";
    case '[': return "an array";
    case '}':
    case ']':
    case ',':
    case ':': return std::string{"`"} + rest.front() + "`";
    case '"': {
      std::size_t quote = 1;
      while (quote < rest.size() && rest[quote] != '"') quote += rest[quote] == '\\' ? 2 : 1;
      const std::string_view text = rest.substr(0, quote + 1);
      return text.size() <= kLongest ? "the string " + std::string{text} : "the string " + std::string{text::cut(text, kLongest)} + "...";
    }
    default: break;
  }
  const std::string_view text = rest.substr(0, rest.find_first_of(" \t\r\n,]}:"));
  if (static_cast<unsigned char>(text.empty() ? rest.front() : text.front()) < 0x20 || text.empty()) {
    return "the byte " + std::to_string(static_cast<unsigned char>(rest.front()));
  }
  return text.size() <= kLongest ? std::string{text} : std::string{text::cut(text, kLongest)} + "...";
}

DecodeError describe_utf8_problem(std::string_view payload) {
  const std::size_t at = find_invalid_utf8(payload);
  return {.expected = "UTF-8", .found = "the byte " + std::to_string(static_cast<unsigned char>(payload[at])), .offset = at};
}

DecodeError describe_string_problem(std::string_view payload) {
  std::size_t start = std::string_view::npos;  // of the string that is open
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const char c = payload[i];
    if (c == '"') {
      start = start == std::string_view::npos ? i : std::string_view::npos;
    } else if (start != std::string_view::npos && static_cast<unsigned char>(c) < 0x20) {
      return {.expected = "control characters in strings to be escaped",
              .found = "the byte " + std::to_string(static_cast<unsigned char>(c)),
              .offset = i};
    } else if (start != std::string_view::npos && c == '\\') {
      ++i;
    }
  }
  return {.expected = "a quote at the end of the string that begins here",
          .found = "the end of the payload",
          .offset = std::min(start, payload.size())};
}

std::string to_string(const DecodeError& error) {
  return (error.event.empty() ? std::string{"the payload"} : error.event) + (error.pointer.empty() ? "" : " at " + error.pointer) +
         " (byte " + std::to_string(error.offset) + "): expected " + error.expected + ", found " + error.found;
}

}  // namespace dispytch::codec
