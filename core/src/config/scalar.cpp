#include "config/scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace dispytch::config {
namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::string_view kDecimal = "0123456789";

Scalar integer(std::string_view digits, int base, bool negative) {
  std::string signed_digits{negative ? "-" : ""};
  signed_digits += digits;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(signed_digits.data(), signed_digits.data() + signed_digits.size(), value, base);
  if (error != std::errc{}) return {.problem = integer_problem(negative)};
  return {.value = value};
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  const auto digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of(kDecimal), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = digits();
  std::size_t decimals = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimals = digits();
  }
  if (whole + decimals == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace

std::string integer_problem(bool negative) {
  return std::string{"the integer is "} + (negative ? "below -9223372036854775808" : "above 9223372036854775807") +
         ", which a config can't hold; quote it if it is meant as text";
}

Scalar resolve_plain(std::string_view text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (one_of(text, {"true", "True", "TRUE"})) return {.value = true};
  if (one_of(text, {"false", "False", "FALSE"})) return {.value = false};
  if (text.starts_with("0o") && all_of(text.substr(2), "01234567")) return integer(text.substr(2), 8, false);
  if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF")) return integer(text.substr(2), 16, false);
  const bool negative = text.starts_with('-');
  const std::string_view magnitude = negative || text.starts_with('+') ? text.substr(1) : text;
  if (all_of(magnitude, kDecimal)) return integer(magnitude, 10, negative);
  if (one_of(magnitude, {".inf", ".Inf", ".INF"}) || one_of(text, {".nan", ".NaN", ".NAN"}))
    return {.problem = "infinity and not-a-number have no place in a config; quote the value if it is meant as text"};
  if (is_float(text)) {
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{}) return {.problem = "the number is too large or too small; quote it if it is meant as text"};
    return {.value = value};
  }
  return {.value = std::string{text}};
}

}  // namespace dispytch::config
