#include "config/scalar.hpp"

#include <gtest/gtest.h>

namespace dispytch::config {
namespace {

using nlohmann::json;

TEST(PlainScalar, IsTypedByTheCoreSchemaOfYaml12) {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) EXPECT_EQ(resolve_plain(text).value, json(nullptr)) << text;
  for (const char* text : {"true", "True", "TRUE"}) EXPECT_EQ(resolve_plain(text).value, json(true)) << text;
  for (const char* text : {"false", "False", "FALSE"}) EXPECT_EQ(resolve_plain(text).value, json(false)) << text;
  EXPECT_EQ(resolve_plain("12").value, json(12));
  EXPECT_EQ(resolve_plain("-12").value, json(-12));
  EXPECT_EQ(resolve_plain("+12").value, json(12));
  EXPECT_EQ(resolve_plain("012").value, json(12));
  EXPECT_EQ(resolve_plain("0o14").value, json(12));
  EXPECT_EQ(resolve_plain("0xC").value, json(12));
  EXPECT_EQ(resolve_plain("-9223372036854775808").value, json(INT64_MIN));
  EXPECT_EQ(resolve_plain("1.5").value, json(1.5));
  EXPECT_EQ(resolve_plain("+1.5e+3").value, json(1500.0));
  EXPECT_EQ(resolve_plain(".5").value, json(0.5));
  EXPECT_EQ(resolve_plain("5.").value, json(5.0));
  EXPECT_TRUE(resolve_plain("1e3").value.is_number_float());
}

TEST(PlainScalar, OtherwiseIsText) {
  for (const char* text :
       {"yes", "no", "on", "off", "y",  "tRUE", "nULL",  "1_000", "1,5",   "12:30", "0x",  "0xG",        "0o8",           "-0x1",
        "+",   "-",  ".",  "e3",  "1e", "1e+",  "1.2.3", "--1",   "250ms", "inf",   "nan", "2024-01-01", "localhost:9092"})
    EXPECT_EQ(resolve_plain(text).value, json(text)) << text;
}

TEST(PlainScalar, RefusesWhatAConfigCantHold) {
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "0x8000000000000000", "123456789012345678901234567890"})
    EXPECT_EQ(resolve_plain(text).problem, integer_problem(*text == '-')) << text;
  EXPECT_EQ(integer_problem(false), "the integer is above 9223372036854775807, which a config can't hold; quote it if it is meant as text");
  EXPECT_EQ(integer_problem(true), "the integer is below -9223372036854775808, which a config can't hold; quote it if it is meant as text");
  for (const char* text : {".inf", "-.INF", "+.Inf", ".nan", ".NaN"})
    EXPECT_EQ(resolve_plain(text).problem, "infinity and not-a-number have no place in a config; quote the value if it is meant as text")
        << text;
  for (const char* text : {"1e400", "-1e400", "1e-400"})
    EXPECT_EQ(resolve_plain(text).problem, "the number is too large or too small; quote it if it is meant as text") << text;
}

}  // namespace
}  // namespace dispytch::config
