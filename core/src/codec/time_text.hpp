// Time points as text (RFC 3339) and as unix milliseconds, for durations that count any power of a thousandth of a second.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dispytch::codec {

enum class TimeProblem : std::uint8_t {
  none,
  malformed,     ///< no RFC 3339 date-time
  out_of_range,  ///< the time point's type can't hold it
};

/// Reads "2026-01-02T03:04:05.678901+01:00". `T` and `Z` may be small, a space may stand for the `T`; the offset must be there. Digits
/// finer than the duration are cut off. A leap second (:60) is the first second after it, as unix time has it.
TimeProblem parse_rfc3339(std::string_view text, std::int64_t ticks_per_second, std::int64_t& ticks) noexcept;

using TimeText = std::array<char, 40>;

/// Writes UTC with 0, 3, 6 or 9 digits after the second, as few as lose nothing. Empty: the year has not four digits.
std::string_view format_rfc3339(std::int64_t ticks, std::int64_t ticks_per_second, TimeText& buffer) noexcept;

/// nullopt: out of range.
std::optional<std::int64_t> ticks_of_unix_ms(std::int64_t unix_ms, std::int64_t ticks_per_second) noexcept;

/// Rounds down. nullopt: out of range, which only seconds can be.
std::optional<std::int64_t> unix_ms_of_ticks(std::int64_t ticks, std::int64_t ticks_per_second) noexcept;

}  // namespace dispytch::codec
