#include "schema/units.hpp"

#include <charconv>
#include <cstdint>
#include <span>

namespace dispytch::schema {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;  // of the smallest unit: nanoseconds, bytes
  bool printed;         // used by print_quantity()
};

constexpr Unit kDurations[] = {{"ns", 1, true},
                               {"us", 1'000, true},
                               {"ms", 1'000'000, true},
                               {"s", 1'000'000'000, true},
                               {"m", 60'000'000'000, true},
                               {"h", 3'600'000'000'000, true},
                               {"d", 86'400'000'000'000, true}};
constexpr Unit kSizes[] = {{"B", 1, true},
                           {"bytes", 1, false},
                           {"kB", 1'000, false},
                           {"KB", 1'000, false},
                           {"MB", 1'000'000, false},
                           {"GB", 1'000'000'000, false},
                           {"TB", 1'000'000'000'000, false},
                           {"KiB", std::int64_t{1} << 10, true},
                           {"MiB", std::int64_t{1} << 20, true},
                           {"GiB", std::int64_t{1} << 30, true},
                           {"TiB", std::int64_t{1} << 40, true}};

std::span<const Unit> units(Quantity quantity) {
  return quantity == Quantity::duration ? std::span<const Unit>{kDurations} : std::span<const Unit>{kSizes};
}

const Unit* find_unit(Quantity quantity, std::string_view name) {
  for (const Unit& unit : units(quantity))
    if (unit.name == name) return &unit;
  return nullptr;
}

std::size_t digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

}  // namespace

std::optional<Quantity> quantity_of_format(std::string_view format) {
  if (format == "duration") return Quantity::duration;
  if (format == "byte-size") return Quantity::byte_size;
  return std::nullopt;
}

bool is_unit(Quantity quantity, std::string_view unit) { return unit != "B" && find_unit(quantity, unit) != nullptr; }

ParsedQuantity parse_quantity(Quantity quantity, std::string_view text, std::string_view unit) {
  const auto failed = [](QuantityError error) { return ParsedQuantity{.error = error}; };
  const std::size_t whole_digits = digits(text);
  if (whole_digits == 0) return failed(QuantityError::malformed);
  std::string_view rest = text.substr(whole_digits);
  std::string_view decimals;
  if (rest.starts_with('.')) {
    decimals = rest.substr(1, digits(rest.substr(1)));
    if (decimals.empty() || decimals.size() > 3) return failed(QuantityError::malformed);
    rest.remove_prefix(1 + decimals.size());
  }
  if (rest.empty()) return failed(QuantityError::no_unit);
  const Unit* written = rest == "bytes" ? nullptr : find_unit(quantity, rest);
  if (written == nullptr) return failed(QuantityError::unknown_unit);

  std::int64_t count = 0;
  if (std::from_chars(text.data(), text.data() + whole_digits, count).ec != std::errc{}) return failed(QuantityError::too_large);
  if (__builtin_mul_overflow(count, written->factor, &count)) return failed(QuantityError::too_large);
  if (!decimals.empty()) {
    std::int64_t parts = 0;
    std::from_chars(decimals.data(), decimals.data() + decimals.size(), parts);
    parts *= written->factor;  // at most 999 days: no overflow
    for (std::size_t i = 0; i < decimals.size(); ++i) {
      if (parts % 10 != 0) return failed(QuantityError::not_whole);
      parts /= 10;
    }
    if (__builtin_add_overflow(count, parts, &count)) return failed(QuantityError::too_large);
  }
  const std::int64_t divisor = find_unit(quantity, unit)->factor;
  if (count % divisor != 0) return failed(QuantityError::not_whole);
  return {.count = count / divisor};
}

std::string print_quantity(Quantity quantity, std::int64_t count, std::string_view unit) {
  const Unit* best = find_unit(quantity, unit);
  std::int64_t smallest = 0;
  if (__builtin_mul_overflow(count, best->factor, &smallest)) return std::to_string(count) + std::string{unit};
  if (count == 0) return std::string{quantity == Quantity::duration ? "0s" : "0B"};
  for (const Unit& candidate : units(quantity))
    if (candidate.printed && smallest % candidate.factor == 0) best = &candidate;
  return std::to_string(smallest / best->factor) + std::string{best->name};
}

std::string_view units_of(Quantity quantity) {
  return quantity == Quantity::duration ? "ns, us, ms, s, m, h, d" : "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB";
}

}  // namespace dispytch::schema
