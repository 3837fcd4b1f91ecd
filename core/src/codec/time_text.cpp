#include "codec/time_text.hpp"

#include <chrono>
#include <cstdint>

namespace dispytch::codec {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

/// Reads fixed-width pieces of a text from left to right; once one is missing, `good` stays false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_{text} {}

  bool good = true;

  int digits(std::size_t count) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!next_is_digit()) return fail();
      value = value * 10 + take_digit();
    }
    return value;
  }
  char one_of(std::string_view choices) noexcept {
    if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) return static_cast<char>(fail());
    return take();
  }
  bool next_is(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }
  bool next_is_digit() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int take_digit() noexcept { return take() - '0'; }
  bool at_end() const noexcept { return rest_.empty(); }

 private:
  char take() noexcept {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  int fail() noexcept {
    good = false;
    return 0;
  }

  std::string_view rest_;
};

std::int64_t floor_divide(std::int64_t value, std::int64_t by) noexcept { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

TimeProblem parse_rfc3339(std::string_view text, std::int64_t ticks_per_second, std::int64_t& ticks) noexcept {
  Scanner in{text};
  const int year = in.digits(4);
  in.one_of("-");
  const int month = in.digits(2);
  in.one_of("-");
  const int day = in.digits(2);
  in.one_of("Tt ");
  const int hour = in.digits(2);
  in.one_of(":");
  const int minute = in.digits(2);
  in.one_of(":");
  const int second = in.digits(2);
  std::int64_t fraction = 0;  // in ticks
  if (in.next_is('.')) {
    in.one_of(".");
    in.good = in.good && in.next_is_digit();
    for (std::int64_t digit_ticks = ticks_per_second / 10; in.next_is_digit(); digit_ticks /= 10) fraction += in.take_digit() * digit_ticks;
  }
  const char zone = in.one_of("Zz+-");
  int offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    const int hours = in.digits(2);
    in.one_of(":");
    const int minutes = in.digits(2);
    in.good = in.good && hours < 24 && minutes < 60;
    offset_minutes = (zone == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!in.good || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return TimeProblem::malformed;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  std::int64_t seconds = days * kSecondsOfDay + (hour * 60 + minute - offset_minutes) * 60 + second;
  if (seconds < 0 && fraction > 0) {  // towards zero, so that the earliest time point of all doesn't overflow on the way
    ++seconds;
    fraction -= ticks_per_second;
  }
  if (__builtin_mul_overflow(seconds, ticks_per_second, &ticks) || __builtin_add_overflow(ticks, fraction, &ticks)) {
    return TimeProblem::out_of_range;
  }
  return TimeProblem::none;
}

std::string_view format_rfc3339(std::int64_t ticks, std::int64_t ticks_per_second, TimeText& buffer) noexcept {
  const std::int64_t seconds = floor_divide(ticks, ticks_per_second);
  const std::int64_t days = floor_divide(seconds, kSecondsOfDay);
  constexpr std::int64_t kFirstDay = -719'528;  // 0000-01-01
  constexpr std::int64_t kLastDay = 2'932'896;  // 9999-12-31
  if (days < kFirstDay || days > kLastDay) return {};
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const auto second_of_day = static_cast<int>(seconds - days * kSecondsOfDay);

  char* out = buffer.data();
  const auto number = [&](std::int64_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
    out += digits;
  };
  number(static_cast<int>(date.year()), 4);
  *out++ = '-';
  number(static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  number(static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  number(second_of_day / 3600, 2);
  *out++ = ':';
  number(second_of_day / 60 % 60, 2);
  *out++ = ':';
  number(second_of_day % 60, 2);
  std::int64_t fraction = ticks % ticks_per_second;
  if (fraction < 0) fraction += ticks_per_second;
  if (fraction != 0) {
    int digits = ticks_per_second == 1000 ? 3 : ticks_per_second == 1'000'000 ? 6 : 9;
    for (; fraction % 1000 == 0; fraction /= 1000) digits -= 3;
    *out++ = '.';
    number(fraction, digits);
  }
  *out++ = 'Z';
  return {buffer.data(), static_cast<std::size_t>(out - buffer.data())};
}

std::optional<std::int64_t> ticks_of_unix_ms(std::int64_t unix_ms, std::int64_t ticks_per_second) noexcept {
  if (ticks_per_second == 1) return floor_divide(unix_ms, 1000);
  std::int64_t ticks = 0;
  return __builtin_mul_overflow(unix_ms, ticks_per_second / 1000, &ticks) ? std::nullopt : std::optional{ticks};
}

std::optional<std::int64_t> unix_ms_of_ticks(std::int64_t ticks, std::int64_t ticks_per_second) noexcept {
  if (ticks_per_second != 1) return floor_divide(ticks, ticks_per_second / 1000);
  std::int64_t unix_ms = 0;
  return __builtin_mul_overflow(ticks, 1000, &unix_ms) ? std::nullopt : std::optional{unix_ms};
}

}  // namespace dispytch::codec
