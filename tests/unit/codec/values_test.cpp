// Each kind of member, read and written.
#include <cmath>
#include <cstdint>
#include <limits>

#include "unit/codec/codec_support.hpp"

namespace dispytch::codec {
namespace {

struct Integers {
  static constexpr auto topic = "t";
  static constexpr auto type = "integers";
  static constexpr auto defaulted = fields("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "long_long");
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  long long long_long = 0;
};
DISPYTCH_EVENT(Integers, i8, i16, i32, i64, u8, u16, u32, u64, long_long)

TEST(Integers, AreReadToTheEndsOfTheirRanges) {
  const auto least = read<Integers>(
      R"({"i8":-128,"i16":-32768,"i32":-2147483648,"i64":-9223372036854775808,"u8":0,"u16":0,"u32":0,"u64":0,"long_long":-1})");
  EXPECT_EQ(least.i8, std::numeric_limits<std::int8_t>::min());
  EXPECT_EQ(least.i16, std::numeric_limits<std::int16_t>::min());
  EXPECT_EQ(least.i32, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(least.i64, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(least.long_long, -1);
  const auto most = read<Integers>(
      R"({"i8":127,"i16":32767,"i32":2147483647,"i64":9223372036854775807,"u8":255,"u16":65535,"u32":4294967295,"u64":18446744073709551615})");
  EXPECT_EQ(most.i8, std::numeric_limits<std::int8_t>::max());
  EXPECT_EQ(most.i16, std::numeric_limits<std::int16_t>::max());
  EXPECT_EQ(most.i32, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(most.i64, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(most.u8, std::numeric_limits<std::uint8_t>::max());
  EXPECT_EQ(most.u16, std::numeric_limits<std::uint16_t>::max());
  EXPECT_EQ(most.u32, std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(most.u64, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read<Integers>(written(least)).i64, least.i64);
  EXPECT_EQ(read<Integers>(written(most)).u64, most.u64);
}

TEST(Integers, OutOfTheirRangesAreRefusedWithTheRange) {
  EXPECT_EQ(refusal<Integers>(R"({"i8":128})"), "/i8 @6: expected an integer from -128 to 127, found 128");
  EXPECT_EQ(refusal<Integers>(R"({"i8":-129})"), "/i8 @6: expected an integer from -128 to 127, found -129");
  EXPECT_EQ(refusal<Integers>(R"({"i16":32768})"), "/i16 @7: expected an integer from -32768 to 32767, found 32768");
  EXPECT_EQ(refusal<Integers>(R"({"i32":-2147483649})"), "/i32 @7: expected an integer from -2147483648 to 2147483647, found -2147483649");
  EXPECT_EQ(refusal<Integers>(R"({"i64":9223372036854775808})"),
            "/i64 @7: expected an integer from -9223372036854775808 to 9223372036854775807, found 9223372036854775808");
  EXPECT_EQ(refusal<Integers>(R"({"i64":-9223372036854775809})"),
            "/i64 @7: expected an integer from -9223372036854775808 to 9223372036854775807, found -9223372036854775809");
  EXPECT_EQ(refusal<Integers>(R"({"u8":256})"), "/u8 @6: expected an integer from 0 to 255, found 256");
  EXPECT_EQ(refusal<Integers>(R"({"u16":-1})"), "/u16 @7: expected an integer from 0 to 65535, found -1");
  EXPECT_EQ(refusal<Integers>(R"({"u32":4294967296})"), "/u32 @7: expected an integer from 0 to 4294967295, found 4294967296");
  EXPECT_EQ(refusal<Integers>(R"({"u64":18446744073709551616})"),
            "/u64 @7: expected an integer from 0 to 18446744073709551615, found 18446744073709551616");
  EXPECT_EQ(refusal<Integers>(R"({"u64":99999999999999999999})").substr(0, 8), "/u64 @7:");
  EXPECT_EQ(refusal<Integers>(R"({"u64":100000000000000000000000000000})").substr(0, 8), "/u64 @7:");
}

TEST(Integers, AreNothingElseThanDigits) {
  for (const char* text : {"1.0", "1e2", "01", "-01", "+1", "--1", "-", "1x", "12345678x", "\"1\"", "true", "null", "[]", "{}", "0x1"}) {
    const std::string payload = R"({"i32":)" + std::string{text} + "}";
    EXPECT_TRUE(refusal<Integers>(payload).starts_with("/i32 @7: expected an integer from")) << payload;
  }
  EXPECT_EQ(read<Integers>(R"({"i32":-0})").i32, 0);
  EXPECT_EQ(read<Integers>(R"({"u32":-0})").u32, 0U);
  EXPECT_EQ(read<Integers>(R"({"i64":123456789012345678})").i64, 123456789012345678);
}

struct Numbers {
  static constexpr auto topic = "t";
  static constexpr auto type = "numbers";
  static constexpr auto defaulted = fields("single");
  double number = 0;
  float single = 0;
};
DISPYTCH_EVENT(Numbers, number, single)

double read_double(const std::string& text) { return read<Numbers>(R"({"number":)" + text + "}").number; }

TEST(Doubles, AreReadExactly) {
  EXPECT_EQ(read_double("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(read_double("1e300"), 1e300);
  EXPECT_EQ(read_double("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(read_double("9007199254740993"), 9007199254740992.0);  // rounds to even
  EXPECT_EQ(read_double("-2.5E-07"), -2.5e-07);
  EXPECT_TRUE(std::signbit(read_double("-0.0")));
  EXPECT_EQ(read<Numbers>(R"({"number":0,"single":3.4028235e38})").single, std::numeric_limits<float>::max());
}

TEST(Doubles, ThatAreTooSmallAreZero) {
  const std::string zeroes(400, '0');
  for (const std::string& text :
       {std::string{"1e-400"}, "0." + zeroes + "1", "1" + zeroes + "e-900", std::string{"123456e-99999999999999999999999"},
        "0." + zeroes + "1e5", std::string{"0e999999999999999999999999"}}) {
    EXPECT_EQ(read_double(text), 0) << text;
    EXPECT_FALSE(std::signbit(read_double(text))) << text;
    EXPECT_TRUE(std::signbit(read_double("-" + text))) << text;
  }
  EXPECT_EQ(read<Numbers>(R"({"number":0,"single":1e-50})").single, 0.0F);
  EXPECT_EQ(read<Numbers>(R"({"number":0,"single":-1e-50})").single, 0.0F);
  EXPECT_EQ(read_double("1" + zeroes + "e-400"), 1);
}

TEST(Doubles, ThatDontFitOrAreNoneAreRefused) {
  for (const char* text : {"1e400", "-1e400", "0.1e310", "10e999999999999999999999", "NaN", "Infinity", "-Infinity", "inf", "nan", "1.",
                           ".5", "1e", "1e+", "01.5", "-", "\"1\"", "0x1p3"}) {
    const std::string payload = R"({"number":)" + std::string{text} + "}";
    EXPECT_TRUE(refusal<Numbers>(payload).starts_with("/number @10: expected a number that fits a double")) << payload;
  }
  EXPECT_EQ(refusal<Numbers>(R"({"number":0,"single":1e39})"), "/single @21: expected a number that fits a float, found 1e39");
}

TEST(Doubles, AreWrittenAsShortAsTheyReadBack) {
  EXPECT_EQ(written(Numbers{.number = 0.1, .single = 0.1F}), R"({"number":0.1,"single":0.1})");
  EXPECT_EQ(written(Numbers{.number = 5e-324}), R"({"number":5e-324,"single":0.0})");
  EXPECT_EQ(written(Numbers{.number = 1e300}), R"({"number":1e+300,"single":0.0})");
  EXPECT_EQ(written(Numbers{.number = -0.0}), R"({"number":-0.0,"single":0.0})");
  for (const double value : {1.0 / 3, 1e16, -2.5e-7, 123456.789, std::numeric_limits<double>::max(), std::numeric_limits<double>::min()}) {
    EXPECT_EQ(read<Numbers>(written(Numbers{.number = value})).number, value);
  }
}

TEST(Doubles, StayFractionsWhereTheyAreWhole) { EXPECT_EQ(written(Numbers{.number = 1, .single = -3}), R"({"number":1.0,"single":-3.0})"); }

TEST(Doubles, ThatJsonDoesntHaveAreNotWritten) {
  EXPECT_EQ(refused(Numbers{.number = NAN}), "Numbers at /number can't be written as JSON: JSON has no NaN");
  EXPECT_EQ(refused(Numbers{.single = -INFINITY}), "Numbers at /single can't be written as JSON: JSON has no infinity");
}

struct Texts {
  static constexpr auto topic = "t";
  static constexpr auto type = "texts";
  std::string text = {};
};
DISPYTCH_EVENT(Texts, text)

std::string read_text(const std::string& raw) { return read<Texts>(R"({"text":")" + raw + "\"}").text; }

TEST(Strings, AreReadWithAndWithoutEscapes) {
  EXPECT_EQ(read_text(""), "");
  EXPECT_EQ(read_text("plain"), "plain");
  EXPECT_EQ(read_text("příklad 日本語"), "příklad 日本語");
  EXPECT_EQ(read_text(R"(p\u0159\u00edklad)"), "příklad");
  EXPECT_EQ(read_text(R"(\ud83d\ude80)"), "🚀");
  EXPECT_EQ(read_text(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(read_text(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(read_text(R"(a long text before the escape \u00E9 and one behind it)"), "a long text before the escape é and one behind it");
  EXPECT_EQ(read_text(R"(ends with \\)"), "ends with \\");
}

TEST(Strings, WithIllegalEscapesAreRefused) {
  for (const char* raw :
       {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\ud800)", R"(\udc00)", R"(\ud800\n)", R"(\ud800\u0041)", R"(\U0041)", R"(\ud800x)"}) {
    EXPECT_TRUE(refusal<Texts>(R"({"text":")" + std::string{raw} + "\"}").starts_with("/text @8: expected a string with legal escapes"))
        << raw;
  }
}

TEST(Strings, AreWrittenWithNoMoreEscapesThanNeedBe) {
  EXPECT_EQ(written(Texts{"plain"}), R"({"text":"plain"})");
  EXPECT_EQ(written(Texts{"příklad 日本語 🚀"}), R"({"text":"příklad 日本語 🚀"})");
  EXPECT_EQ(written(Texts{"\"\\/\b\f\n\r\t"}), R"({"text":"\"\\/\b\f\n\r\t"})");
  EXPECT_EQ(written(Texts{std::string{"\0\x01\x1f\x7f", 4}}), "{\"text\":\"\\u0000\\u0001\\u001f\x7f\"}");
  EXPECT_EQ(written(Texts{"a long text before the quote \" and one behind it"}),
            R"({"text":"a long text before the quote \" and one behind it"})");
}

TEST(Strings, OfAnyLengthAndByteComeBack) {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  all += "é日🚀";
  for (std::size_t size = 0; size < all.size(); ++size) {
    const std::string text = all.substr(0, std::min(size, std::size_t{0x80})) + (size > 0x80 ? "é日🚀" : "");
    EXPECT_EQ(read<Texts>(written(Texts{text})).text, text);
  }
  const std::string large(100'000, '"');
  EXPECT_EQ(read<Texts>(written(Texts{large})).text, large);
}

TEST(Strings, ThatAreNoUtf8AreNotWritten) {
  for (const char* text : {"\xff", "good\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5",
                           "a long text and then \xe2\x82"}) {
    EXPECT_TRUE(refused(Texts{text}).starts_with("Texts at /text can't be written as JSON: the string is no UTF-8 from its byte ")) << text;
  }
}

enum class Colour : std::uint8_t { red = 1, blue = 200 };
DISPYTCH_ENUM(Colour, red, blue)
enum Unscoped : std::int64_t { least = std::numeric_limits<std::int64_t>::min(), other = 5 };
BOOST_DESCRIBE_ENUM(Unscoped, least, other)

struct Enumerations {
  static constexpr auto topic = "t";
  static constexpr auto type = "enumerations";
  static constexpr auto defaulted = fields("unscoped");
  Colour colour = Colour::red;
  Unscoped unscoped = other;
};
DISPYTCH_EVENT(Enumerations, colour, unscoped)

TEST(Enumerations, TravelByName) {
  const auto event = read<Enumerations>(R"({"colour":"blue","unscoped":"least"})");
  EXPECT_EQ(event.colour, Colour::blue);
  EXPECT_EQ(event.unscoped, least);
  EXPECT_EQ(written(event), R"({"colour":"blue","unscoped":"least"})");
  EXPECT_EQ(read<Enumerations>(R"({"colour":"b\u006cue"})").colour, Colour::blue);
}

TEST(Enumerations, OfOtherNamesAreRefusedWithTheNames) {
  EXPECT_EQ(refusal<Enumerations>(R"({"colour":"green"})"), R"(/colour @10: expected one of "red", "blue", found the string "green")");
  EXPECT_EQ(refusal<Enumerations>(R"({"colour":1})"), R"(/colour @10: expected one of "red", "blue", found 1)");
  EXPECT_EQ(refusal<Enumerations>(R"({"colour":"\x"})"), R"(/colour @10: expected a string with legal escapes, found the string "\x")");
}

TEST(Enumerations, WithoutANameAreNotWritten) {
  EXPECT_EQ(refused(Enumerations{.colour = static_cast<Colour>(7)}),
            "Enumerations at /colour can't be written as JSON: the enumeration's value 7 has no name");
}

}  // namespace
}  // namespace dispytch::codec
