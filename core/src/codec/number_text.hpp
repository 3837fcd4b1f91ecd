// Numbers as RFC 8259 writes them.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

namespace dispytch::codec {

/// Whether the whole token is a number, however large.
constexpr bool is_number(std::string_view token) noexcept {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < token.size() && token[i] >= '0' && token[i] <= '9') ++i;
    return i != start;
  };
  const auto is_at = [&](std::string_view characters) { return i < token.size() && characters.find(token[i]) != std::string_view::npos; };
  if (is_at("-")) ++i;
  if (is_at("0")) {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (is_at(".") && (++i, !digits())) return false;
  if (is_at("eE")) {
    ++i;
    if (is_at("+-")) ++i;
    if (!digits()) return false;
  }
  return i == token.size();
}

/// Of a number: whether it is written as an integer.
constexpr bool is_integer(std::string_view number) noexcept { return number.find_first_of(".eE") == std::string_view::npos; }

/// Whether eight bytes are all digits, and the number that they write: three multiplications instead of eight (Lemire, "Quickly parsing
/// eight digits", 2018). Little endian, as the type tables are.
inline bool are_eight_digits(std::uint64_t bytes) noexcept {
  return ((bytes & 0xF0F0F0F0F0F0F0F0) | (((bytes + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) == 0x3333333333333333;
}
inline std::uint64_t eight_digits(std::uint64_t bytes) noexcept {
  bytes = (bytes & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  bytes = (bytes & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return (bytes & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
}

/// Of a number beyond the bounds of a floating type: whether it is too small rather than too large, so that it rounds to zero.
[[gnu::noinline, gnu::cold]] inline bool is_below_one(std::string_view number) noexcept {
  constexpr std::int64_t kBeyondAnyType = 1'000'000'000;
  std::int64_t exponent = 0;  // of ten, of the first digit that is no zero
  bool whole = true, found = false;
  std::size_t i = 0;
  for (; i < number.size() && number[i] != 'e' && number[i] != 'E'; ++i) {
    if (number[i] == '.') whole = false;
    if (number[i] < '0' || number[i] > '9') continue;
    if (!found && !whole) --exponent;
    if (found && whole) ++exponent;
    found = found || number[i] != '0';
  }
  std::int64_t written = 0;
  const bool negative = i + 1 < number.size() && number[i + 1] == '-';
  for (; i < number.size(); ++i) {
    if (number[i] >= '0' && number[i] <= '9' && written < kBeyondAnyType) written = written * 10 + (number[i] - '0');
  }
  return exponent + (negative ? -written : written) < 0;
}

/// Reads the whole token; a number too small for a floating type is zero. false: it is no number, no integer for an integer, or it doesn't
/// fit. Behind the token 8 bytes more may be read.
template <class T>
[[gnu::always_inline]] inline bool parse_number(std::string_view token, T& to) noexcept {
  const char* at = token.data();
  const char* const end = at + token.size();
  if constexpr (std::floating_point<T>) {
    if (!is_number(token)) return false;
    if (std::from_chars(at, end, to).ec == std::errc{}) return true;
    if (!is_below_one(token)) return false;
    to = *at == '-' ? -T{0} : T{0};
    return true;
  } else {
    constexpr std::ptrdiff_t kSafeDigits = 19;  // can't overflow 64 bits
    const bool negative = *at == '-';
    if (negative) ++at;
    const char* const start = at;
    std::uint64_t value = 0;
    for (std::uint64_t bytes; end - at >= 8; at += 8) {
      std::memcpy(&bytes, at, 8);
      if (!are_eight_digits(bytes)) return false;
      value = value * 100'000'000 + eight_digits(bytes);
    }
    for (auto digit = static_cast<unsigned char>(*at - '0'); digit <= 9; digit = static_cast<unsigned char>(*++at - '0'))
      value = value * 10 + digit;
    if (at != end || at == start || (*start == '0' && at - start > 1)) return false;
    if (at - start > kSafeDigits && std::from_chars(start, end, value).ec != std::errc{}) return false;
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if constexpr (std::unsigned_integral<T>) {
      if (value > kMost || (negative && value != 0)) return false;
    } else {
      if (value > kMost + (negative ? 1 : 0)) return false;
    }
    to = static_cast<T>(negative ? -value : value);
    return true;
  }
}

}  // namespace dispytch::codec
