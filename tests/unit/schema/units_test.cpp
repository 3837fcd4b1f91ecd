#include "schema/units.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace dispytch::schema {
namespace {

std::int64_t duration(std::string_view text, std::string_view unit) {
  const ParsedQuantity parsed = parse_quantity(Quantity::duration, text, unit);
  EXPECT_FALSE(parsed.error.has_value()) << text;
  return parsed.count;
}

std::int64_t size(std::string_view text, std::string_view unit) {
  const ParsedQuantity parsed = parse_quantity(Quantity::byte_size, text, unit);
  EXPECT_FALSE(parsed.error.has_value()) << text;
  return parsed.count;
}

std::optional<QuantityError> error(Quantity quantity, std::string_view text, std::string_view unit) {
  return parse_quantity(quantity, text, unit).error;
}

TEST(Units, CountsDurationsInTheUnitAskedFor) {
  EXPECT_EQ(duration("250ms", "ms"), 250);
  EXPECT_EQ(duration("5s", "ms"), 5000);
  EXPECT_EQ(duration("1.5s", "ms"), 1500);
  EXPECT_EQ(duration("2m", "s"), 120);
  EXPECT_EQ(duration("0.5h", "m"), 30);
  EXPECT_EQ(duration("1d", "h"), 24);
  EXPECT_EQ(duration("3us", "ns"), 3000);
  EXPECT_EQ(duration("0s", "ms"), 0);
}

TEST(Units, CountsSizesInTheUnitAskedFor) {
  EXPECT_EQ(size("64MiB", "KiB"), 65536);
  EXPECT_EQ(size("64KiB", "bytes"), 65536);
  EXPECT_EQ(size("10MB", "bytes"), 10'000'000);
  EXPECT_EQ(size("1kB", "bytes"), 1000);
  EXPECT_EQ(size("1KB", "bytes"), 1000);
  EXPECT_EQ(size("7B", "bytes"), 7);
  EXPECT_EQ(size("0.5GiB", "MiB"), 512);
}

TEST(Units, SaysWhyATextIsNoQuantity) {
  EXPECT_EQ(error(Quantity::duration, "soon", "ms"), QuantityError::malformed);
  EXPECT_EQ(error(Quantity::duration, "", "ms"), QuantityError::malformed);
  EXPECT_EQ(error(Quantity::duration, "-5s", "ms"), QuantityError::malformed);
  EXPECT_EQ(error(Quantity::duration, "1.s", "ms"), QuantityError::malformed);
  EXPECT_EQ(error(Quantity::duration, "1.0001s", "ms"), QuantityError::malformed);
  EXPECT_EQ(error(Quantity::duration, "5", "ms"), QuantityError::no_unit);
  EXPECT_EQ(error(Quantity::duration, "5 s", "ms"), QuantityError::unknown_unit);
  EXPECT_EQ(error(Quantity::duration, "5sec", "ms"), QuantityError::unknown_unit);
  EXPECT_EQ(error(Quantity::byte_size, "64MIB", "bytes"), QuantityError::unknown_unit);
  EXPECT_EQ(error(Quantity::byte_size, "64bytes", "bytes"), QuantityError::unknown_unit);
  EXPECT_EQ(error(Quantity::duration, "1.5ms", "ms"), QuantityError::not_whole);
  EXPECT_EQ(error(Quantity::duration, "1ns", "ms"), QuantityError::not_whole);
  EXPECT_EQ(error(Quantity::duration, "0.001ns", "ns"), QuantityError::not_whole);
}

TEST(Units, RefusesWhatOverflows) {
  EXPECT_EQ(error(Quantity::duration, "99999999999999999999s", "ms"), QuantityError::too_large);
  EXPECT_EQ(error(Quantity::duration, "999999999999d", "ms"), QuantityError::too_large);
  EXPECT_EQ(error(Quantity::duration, "9223372036854775807.5ns", "ns"), QuantityError::not_whole);
  EXPECT_EQ(error(Quantity::duration, "9223372036.999s", "ns"), QuantityError::too_large);
  EXPECT_EQ(error(Quantity::byte_size, "99999999TiB", "bytes"), QuantityError::too_large);
}

TEST(Units, PrintsTheShortestTextThatReadsBackAsTheSame) {
  EXPECT_EQ(print_quantity(Quantity::duration, 250, "ms"), "250ms");
  EXPECT_EQ(print_quantity(Quantity::duration, 25'000, "ms"), "25s");
  EXPECT_EQ(print_quantity(Quantity::duration, 86'400'000, "ms"), "1d");
  EXPECT_EQ(print_quantity(Quantity::duration, 0, "ms"), "0s");
  EXPECT_EQ(print_quantity(Quantity::byte_size, 65'536, "KiB"), "64MiB");
  EXPECT_EQ(print_quantity(Quantity::byte_size, 1'000'000, "bytes"), "1000000B");
  EXPECT_EQ(print_quantity(Quantity::byte_size, 0, "bytes"), "0B");
  EXPECT_EQ(print_quantity(Quantity::duration, std::numeric_limits<std::int64_t>::max(), "ms"), "9223372036854775807ms");
}

TEST(Units, KnowsFormatsAndUnits) {
  EXPECT_EQ(quantity_of_format("duration"), Quantity::duration);
  EXPECT_EQ(quantity_of_format("byte-size"), Quantity::byte_size);
  EXPECT_EQ(quantity_of_format("date"), std::nullopt);
  EXPECT_TRUE(is_unit(Quantity::byte_size, "bytes"));
  EXPECT_FALSE(is_unit(Quantity::byte_size, "ms"));
  EXPECT_FALSE(is_unit(Quantity::duration, "weeks"));
}

}  // namespace
}  // namespace dispytch::schema
