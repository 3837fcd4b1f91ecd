#include "cli/json_document.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dispytch::cli {
namespace {

std::string problem_of(std::string_view text) {
  JsonDocument document;
  const auto problem = document.read(text);
  return problem ? std::to_string(problem->byte) + ": " + problem->expected : "none";
}

TEST(JsonDocument, TakesWhatIsJson) {
  for (const char* const text :
       {"0", " -1.5e+7 ", "1e400", "\"\"", "\"\\ud83d\\udeeb\"", "null", "true", "[]", "{ }", "[1 ,{\"a\": [null]}]"})
    EXPECT_EQ(problem_of(text), "none") << text;
}

TEST(JsonDocument, SaysWhereItIsNone) {
  EXPECT_EQ(problem_of(""), "0: a value");
  EXPECT_EQ(problem_of("{\"a\""), "4: `:`");
  EXPECT_EQ(problem_of("{\"a\":1"), "6: `,` or `}`");
  EXPECT_EQ(problem_of("{\"a\":tru"), "8: a value");
  EXPECT_EQ(problem_of("[1.]"), "1: a value");
  EXPECT_EQ(problem_of("[01]"), "1: a value");
  EXPECT_EQ(problem_of("[1,]"), "3: a value");
  EXPECT_EQ(problem_of("[1 2]"), "3: `,` or `]`");
  EXPECT_EQ(problem_of("{a:1}"), "1: a key in quotes");
  EXPECT_EQ(problem_of("{} {}"), "3: nothing more");
  EXPECT_EQ(problem_of("\"a"), "2: a quote at the end of the string");
  EXPECT_EQ(problem_of("\"a\\"), "3: a quote at the end of the string");
  EXPECT_EQ(problem_of("[\"\\ud800\"]"), "1: a string with legal escapes");
  EXPECT_EQ(problem_of("[\"\\x\"]"), "1: a string with legal escapes");
  EXPECT_EQ(problem_of("[\"\xff\"]"), "2: UTF-8");
  EXPECT_EQ(problem_of("[\"\n\"]"), "2: control characters in strings to be escaped");
  EXPECT_EQ(problem_of("\xef\xbb\xbf{}"), "0: a value");
}

TEST(JsonDocument, BoundsHowDeepItGoes) {
  EXPECT_EQ(problem_of(std::string(1'000, '[') + std::string(1'000, ']')), "none");
  EXPECT_EQ(problem_of(std::string(100'000, '[')), "1000: at most 1000 objects and arrays in one another");
}

TEST(JsonDocument, FindsValuesByPointer) {
  JsonDocument document;
  ASSERT_FALSE(document.read(R"({"a":{"":[0,"\u0062"],"x/y":1,"m~n":2},"d":1,"d":2})"));
  const auto at = [&](std::string_view pointer) {
    const auto* const value = document.at_pointer(document.root(), pointer);
    return value == nullptr ? std::string{"none"} : std::string{value->raw};
  };
  EXPECT_EQ(at("/a//1"), R"("\u0062")");
  EXPECT_EQ(at("/a/x~1y"), "1");
  EXPECT_EQ(at("/a/m~0n"), "2");
  for (const char* const nowhere : {"/b", "/a//2", "/a//x", "/a//-", "/a/x~1y/z", "/d"}) EXPECT_EQ(at(nowhere), "none") << nowhere;
}

TEST(JsonDocument, WritesBytesAsTheyAre) {
  JsonDocument document;
  ASSERT_FALSE(document.read(" { \"a \\\" b\" : [ 1.50 , { } , [ ] ] ,\n\"a\":null } "));
  EXPECT_EQ(compact(document.root()), R"({"a \" b":[1.50,{},[]],"a":null})");
  EXPECT_EQ(indented(document.root()), "{\n  \"a \\\" b\": [\n    1.50,\n    {},\n    []\n  ],\n  \"a\": null\n}");
}

TEST(JsonDocument, KnowsTheFirstKeyThatStandsTwice) {
  JsonDocument document;
  ASSERT_FALSE(document.read(R"([{"a":1},{"a/b":{"c":1,"\u0063":2},"d":1,"d":2}])"));
  const auto repeated = document.repeated();
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->pointer, "/1/a~1b/c");
  EXPECT_EQ(repeated->byte, 23u);
  ASSERT_FALSE(document.read(R"([{"a":1},{"a":1}])"));
  EXPECT_FALSE(document.repeated());
}

TEST(JsonText, IsValidWhateverItHolds) {
  EXPECT_EQ(json_text({{"k\xff", "\xff\xc2\x9b"}, {"n", nullptr}}), R"({"k\\xff":"\\xff\u009b","n":null})");
}

}  // namespace
}  // namespace dispytch::cli
