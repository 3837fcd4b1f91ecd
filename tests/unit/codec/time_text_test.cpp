#include "codec/time_text.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace dispytch::codec {
namespace {

constexpr std::int64_t kSeconds = 1;
constexpr std::int64_t kMilliseconds = 1000;
constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

std::optional<std::int64_t> parsed(std::string_view text, std::int64_t ticks_per_second = kMilliseconds) {
  std::int64_t ticks = 0;
  return parse_rfc3339(text, ticks_per_second, ticks) == TimeProblem::none ? std::optional{ticks} : std::nullopt;
}

std::string formatted(std::int64_t ticks, std::int64_t ticks_per_second = kMilliseconds) {
  TimeText buffer;
  return std::string{format_rfc3339(ticks, ticks_per_second, buffer)};
}

TEST(Rfc3339, IsReadInAllItsForms) {
  EXPECT_EQ(parsed("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parsed("2026-01-02T03:04:05Z"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-02t03:04:05z"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-02 03:04:05Z"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-02T04:04:05+01:00"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-01T21:34:05-05:30"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-02T03:04:05-00:00"), 1'767'323'045'000);
  EXPECT_EQ(parsed("2026-01-02T03:04:05.6Z"), 1'767'323'045'600);
  EXPECT_EQ(parsed("2024-02-29T12:00:00Z"), 1'709'208'000'000);
  EXPECT_EQ(parsed("0000-01-01T00:00:00Z"), -62'167'219'200'000);
  EXPECT_EQ(parsed("9999-12-31T23:59:59.999Z"), 253'402'300'799'999);
}

TEST(Rfc3339, LosesTheDigitsThatTheTypeDoesntHave) {
  EXPECT_EQ(parsed("2026-01-02T03:04:05.678901234567Z", kSeconds), 1'767'323'045);
  EXPECT_EQ(parsed("2026-01-02T03:04:05.678901234567Z", kMilliseconds), 1'767'323'045'678);
  EXPECT_EQ(parsed("2026-01-02T03:04:05.678901234567Z", kMicroseconds), 1'767'323'045'678'901);
  EXPECT_EQ(parsed("2026-01-02T03:04:05.678901234567Z", kNanoseconds), 1'767'323'045'678'901'234);
  EXPECT_EQ(parsed("1969-12-31T23:59:59.9999Z", kMilliseconds), -1);  // down, before 1970 too
}

TEST(Rfc3339, CountsALeapSecondAsTheNext) { EXPECT_EQ(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z")); }

TEST(Rfc3339, IsNothingElse) {
  for (const char* text : {"",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-01-02T03:04Z",
                           "26-01-02T03:04:05Z",
                           "2026-13-02T03:04:05Z",
                           "2026-00-02T03:04:05Z",
                           "2026-02-30T03:04:05Z",
                           "2023-02-29T03:04:05Z",
                           "2026-01-00T03:04:05Z",
                           "2026-01-02T24:04:05Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:61Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05,6Z",
                           "2026-01-02T03:04:05+0100",
                           "2026-01-02T03:04:05+24:00",
                           "2026-01-02T03:04:05+01:60",
                           "2026-01-02T03:04:05Z ",
                           " 2026-01-02T03:04:05Z",
                           "2026-1-2T03:04:05Z",
                           "2026-01-02T03:04:05ZZ",
                           "+2026-01-02T03:04:05Z",
                           "2026/01/02T03:04:05Z",
                           "1753000000",
                           "now"}) {
    std::int64_t ticks = 0;
    EXPECT_EQ(parse_rfc3339(text, kMilliseconds, ticks), TimeProblem::malformed) << text;
  }
}

TEST(Rfc3339, BeyondTheTypeIsOutOfRange) {
  std::int64_t ticks = 0;
  EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:16.854775807Z", kNanoseconds, ticks), TimeProblem::none);
  EXPECT_EQ(ticks, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:16.854775808Z", kNanoseconds, ticks), TimeProblem::out_of_range);
  EXPECT_EQ(parse_rfc3339("1677-09-21T00:12:43.145224192Z", kNanoseconds, ticks), TimeProblem::none);
  EXPECT_EQ(ticks, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_rfc3339("1677-09-21T00:12:43.145224191Z", kNanoseconds, ticks), TimeProblem::out_of_range);
}

TEST(Rfc3339, IsWrittenWithAsFewDigitsAsLoseNothing) {
  EXPECT_EQ(formatted(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(formatted(1'767'323'045'678), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(formatted(1'767'323'045'070'000'000, kNanoseconds), "2026-01-02T03:04:05.070Z");
  EXPECT_EQ(formatted(1'767'323'045'678'900'000, kNanoseconds), "2026-01-02T03:04:05.678900Z");
  EXPECT_EQ(formatted(1'767'323'045'000'000'001, kNanoseconds), "2026-01-02T03:04:05.000000001Z");
  EXPECT_EQ(formatted(1'767'323'045'000'001, kMicroseconds), "2026-01-02T03:04:05.000001Z");
  EXPECT_EQ(formatted(1'767'323'045, kSeconds), "2026-01-02T03:04:05Z");
  EXPECT_EQ(formatted(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, HasFourDigitsForTheYear) {
  EXPECT_EQ(formatted(253'402'300'799, kSeconds), "9999-12-31T23:59:59Z");
  EXPECT_EQ(formatted(253'402'300'800, kSeconds), "");
  EXPECT_EQ(formatted(-62'167'219'200, kSeconds), "0000-01-01T00:00:00Z");
  EXPECT_EQ(formatted(-62'167'219'201, kSeconds), "");
  EXPECT_EQ(formatted(std::numeric_limits<std::int64_t>::max(), kSeconds), "");
  EXPECT_EQ(formatted(std::numeric_limits<std::int64_t>::min(), kSeconds), "");
  EXPECT_EQ(parsed(formatted(std::numeric_limits<std::int64_t>::min(), kNanoseconds), kNanoseconds),
            std::numeric_limits<std::int64_t>::min());
}

TEST(UnixMilliseconds, RoundDown) {
  EXPECT_EQ(unix_ms_of_ticks(1'999'999, kNanoseconds), 1);
  EXPECT_EQ(unix_ms_of_ticks(-1, kNanoseconds), -1);
  EXPECT_EQ(unix_ms_of_ticks(17, kMilliseconds), 17);
  EXPECT_EQ(unix_ms_of_ticks(2, kSeconds), 2000);
  EXPECT_EQ(ticks_of_unix_ms(1999, kSeconds), 1);
  EXPECT_EQ(ticks_of_unix_ms(-1, kSeconds), -1);
  EXPECT_EQ(ticks_of_unix_ms(17, kNanoseconds), 17'000'000);
}

TEST(UnixMilliseconds, BeyondTheTypeAreOutOfRange) {
  EXPECT_EQ(ticks_of_unix_ms(std::numeric_limits<std::int64_t>::max(), kNanoseconds), std::nullopt);
  EXPECT_EQ(unix_ms_of_ticks(std::numeric_limits<std::int64_t>::max(), kSeconds), std::nullopt);
}

}  // namespace
}  // namespace dispytch::codec
