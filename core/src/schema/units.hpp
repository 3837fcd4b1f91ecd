// Durations and sizes as people write them (`250ms`, `64MiB`) and as programs count them (integers in a stated unit).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dispytch::schema {

enum class Quantity : std::uint8_t { duration, byte_size };

/// The quantity that a schema's "format" names; nullopt for any other format.
std::optional<Quantity> quantity_of_format(std::string_view format);

/// Whether `unit` is one in which integers of that quantity may be counted: ns, us, ms, s, m, h, d; bytes, kB, MB, GB, TB, KiB, MiB, GiB,
/// TiB.
bool is_unit(Quantity quantity, std::string_view unit);

enum class QuantityError : std::uint8_t { malformed, no_unit, unknown_unit, not_whole, too_large };

struct ParsedQuantity {
  std::int64_t count = 0;  ///< in the unit asked for; meaningful where there is no error
  std::optional<QuantityError> error = {};
};

/// Reads `250ms`, `1.5s`, `64MiB`: digits, at most three decimals, a unit, no sign, no space. `unit` must be one that is_unit() knows.
ParsedQuantity parse_quantity(Quantity quantity, std::string_view text, std::string_view unit);

/// The shortest text that parse_quantity() reads back as the same: 250 ms is `250ms`, 25000 ms is `25s`, 65536 KiB is `64MiB`.
std::string print_quantity(Quantity quantity, std::int64_t count, std::string_view unit);

/// All units, for a text: `ns, us, ms, s, m, h, d`.
std::string_view units_of(Quantity quantity);

}  // namespace dispytch::schema
