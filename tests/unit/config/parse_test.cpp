// What a parser makes of a text: values, places, and mistakes, for both syntaxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/plugins.hpp"
#include "config/tree.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

Sources sources() {
  const LoadOptions options = tests::test_options();
  return {.environment = options.environment, .file = options.file};
}
Tree yaml(const std::string& text) { return parse_yaml(text, sources()); }
Tree in_json(const std::string& text) { return parse_json(text, sources()); }

// `line:column: pointer: text` of each.
std::vector<std::string> mistakes(const Tree& tree) {
  std::vector<std::string> all;
  for (const Tree::Mistake& mistake : tree.mistakes)
    all.push_back(std::to_string(mistake.position.line) + ':' + std::to_string(mistake.position.column) + ": " + mistake.pointer + ": " +
                  mistake.text);
  return all;
}

Position key(const Tree& tree, const std::string& pointer) { return tree.places.at(pointer).key; }
Position value(const Tree& tree, const std::string& pointer) { return tree.places.at(pointer).value; }

TEST(Yaml, KeepsThePlaceOfEachKeyAndValue) {
  const Tree tree = yaml("a: 1\nb:\n  c: [x, {d: y}]\n  'e': |\n    text\n");
  EXPECT_EQ(tree.value, json::parse(R"({"a": 1, "b": {"c": ["x", {"d": "y"}], "e": "text\n"}})"));
  EXPECT_EQ(value(tree, ""), (Position{1, 1}));
  EXPECT_EQ(key(tree, "/a"), (Position{1, 1}));
  EXPECT_EQ(value(tree, "/a"), (Position{1, 4}));
  EXPECT_EQ(key(tree, "/b"), (Position{2, 1}));
  EXPECT_EQ(value(tree, "/b"), (Position{3, 3}));
  EXPECT_EQ(value(tree, "/b/c"), (Position{3, 6}));
  EXPECT_EQ(value(tree, "/b/c/0"), (Position{3, 7}));
  EXPECT_EQ(key(tree, "/b/c/1/d"), (Position{3, 11}));
  EXPECT_EQ(value(tree, "/b/c/1/d"), (Position{3, 14}));
  EXPECT_EQ(key(tree, "/b/e"), (Position{4, 3}));
  EXPECT_EQ(value(tree, "/b/e"), (Position{4, 8}));
}

TEST(Yaml, KeepsPlacesBehindCarriageReturnsAndWideCharacters) {
  const Tree tree = yaml("a: 1\r\nb: { ä: ö, c: x }\r\n");
  EXPECT_EQ(key(tree, "/b/c"), (Position{2, 12}));
  EXPECT_EQ(value(tree, "/b/c"), (Position{2, 15}));
}

TEST(Yaml, AMissingValueStandsAtItsKey) {
  const Tree tree = yaml("a:\nb: ~\nc: null\n");
  EXPECT_EQ(tree.value, json::parse(R"({"a": null, "b": null, "c": null})"));
  EXPECT_EQ(value(tree, "/a"), (Position{1, 1}));
  EXPECT_EQ(value(tree, "/b"), (Position{2, 4}));
  EXPECT_EQ(value(tree, "/c"), (Position{3, 4}));
}

TEST(Yaml, QuotedIsTextUnquotedIsTyped) {
  EXPECT_EQ(yaml("[1, '1', \"1\", true, 'true', ~, '~', 1.5, yes]").value,
            json::parse(R"([1, "1", "1", true, "true", null, "~", 1.5, "yes"])"));
  EXPECT_EQ(yaml("[!!str 1, !!int '1', !!float '1', !!bool 'true', !!null '']").value, json::parse(R"(["1", 1, 1, true, null])"));
}

TEST(Yaml, EscapesAreUtf8) {
  const Tree tree = yaml(R"("\_key": "a\_b\Nc\x85\u00e9é\L"
)");
  EXPECT_THAT(mistakes(tree), IsEmpty());
  EXPECT_EQ(tree.value, json::parse(R"({"\u00a0key": "a\u00a0b\u0085c\u0085\u00e9\u00e9\u2028"})"));
}

TEST(Yaml, InterpolatedTextIsTypedWhereItStandsUnquoted) {
  const Tree tree = yaml("a: ${FIVE}\nb: '${FIVE}'\nc: ${UNSET:-true}\nd: ${EMPTY}\ne: x${FIVE}\n");
  EXPECT_EQ(tree.value, json::parse(R"({"a": 5, "b": "5", "c": true, "d": null, "e": "x5"})"));
  EXPECT_EQ(tree.written.at("/a"), "${FIVE}");
  EXPECT_FALSE(tree.written.contains("/f"));
}

TEST(Yaml, DuplicateKeysAreMistakesAndTheFirstStands) {
  const Tree tree = yaml("a: 1\nb: {c: \"${UNSET}\"}\na: {x: 1}\nb: {c: 2, c: 3}\n");
  EXPECT_EQ(tree.value.at("a"), 1);
  EXPECT_EQ(value(tree, "/a"), (Position{1, 4}));
  EXPECT_FALSE(tree.places.contains("/a/x"));
  EXPECT_THAT(mistakes(tree),
              ElementsAre("2:8: /b/c: the environment variable `UNSET` isn't set; set it, or give a default: `${UNSET:-default}`",
                          "3:1: /a: duplicate key; it stands in line 1 already", "4:1: /b: duplicate key; it stands in line 2 already",
                          "4:11: /b (again)/c: duplicate key; it stands in line 4 already"));
  EXPECT_TRUE(tree.complete);
}

TEST(Yaml, AliasesRepeatKeysThatHaveAnAnchor) {
  const Tree tree = yaml("&name a: &value b\nc: *name\n&number 7: *value\nd: [*number, *name]\n");
  EXPECT_THAT(mistakes(tree), ElementsAre());
  EXPECT_EQ(tree.value, json::parse(R"({"a": "b", "c": "a", "7": "b", "d": [7, "a"]})"));
}

TEST(Yaml, AliasesRepeatValuesAndInnerPlaces) {
  const Tree tree = yaml("a: &x {k: \"${FIVE}\", l: [1]}\nb: *x\nc: [*x]\nd: &s text\ne: *s\n");
  EXPECT_EQ(tree.value.at("b"), tree.value.at("a"));
  EXPECT_EQ(value(tree, "/b"), (Position{2, 4}));
  EXPECT_EQ(value(tree, "/b/l/0"), value(tree, "/a/l/0"));
  EXPECT_EQ(value(tree, "/c/0/k"), value(tree, "/a/k"));
  EXPECT_EQ(tree.written.at("/c/0/k"), "${FIVE}");
  EXPECT_EQ(tree.value.at("e"), "text");
}

TEST(Yaml, AnAnchorCanBeGivenAgain) {
  EXPECT_EQ(yaml("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").value, json::parse(R"({"a": 1, "b": 1, "c": 2, "d": 2})"));
}

TEST(Yaml, MergeKeysBringWhatIsNotThere) {
  const Tree tree =
      yaml("a: &a {k: 1, l: 2}\nb: &b {l: 3, m: 4}\nc: {<<: *a, k: 5}\nd: {l: 6, <<: [*b, *a]}\ne: {<<: {n: 7}}\nf: {'<<': 8}\n");
  EXPECT_EQ(tree.value.at("c"), json::parse(R"({"k": 5, "l": 2})"));
  EXPECT_EQ(tree.value.at("d"), json::parse(R"({"k": 1, "l": 6, "m": 4})"));
  EXPECT_EQ(tree.value.at("e"), json::parse(R"({"n": 7})"));
  EXPECT_EQ(tree.value.at("f"), json::parse(R"({"<<": 8})"));
  EXPECT_EQ(value(tree, "/c/l"), value(tree, "/a/l"));
  EXPECT_EQ(value(tree, "/d/m"), value(tree, "/b/m"));
  EXPECT_EQ(key(tree, "/d/l"), (Position{4, 5}));
  EXPECT_THAT(mistakes(tree), IsEmpty());
}

TEST(Yaml, MergesOnlyMappings) {
  const Tree tree = yaml("a: {<<: 5}\nb: {<<: [{x: 1}, 2]}\n");
  EXPECT_EQ(tree.value, json::parse(R"({"a": {}, "b": {"x": 1}})"));
  EXPECT_THAT(mistakes(tree), ElementsAre("1:9: /a/<<: expected a mapping or a list of mappings to merge",
                                          "2:9: /b/<<: expected a mapping or a list of mappings to merge"));
}

TEST(Yaml, KeysAreTextAsTheyStand) {
  EXPECT_EQ(yaml("1: a\ntrue: b\n'x y': c\n1.50: d\n").value, json::parse(R"({"1": "a", "true": "b", "x y": "c", "1.50": "d"})"));
}

TEST(Yaml, BreaksOffWithOneMistakeAtItsPlace) {
  const auto broken_off = [](const std::string& text) {
    const Tree tree = yaml(text);
    EXPECT_FALSE(tree.complete) << text;
    return mistakes(tree);
  };
  EXPECT_THAT(broken_off("a: 1\n---\nb: 2\n"), ElementsAre("2:1: : a second document begins here; a config file holds one"));
  EXPECT_THAT(broken_off("a: &x\n  b: *x\n"), ElementsAre("2:6: : this alias repeats what it stands in; it would never end"));
  EXPECT_THAT(broken_off("*x : 1\n"),
              ElementsAre("1:1: : this is no YAML: the referenced anchor is not defined; a value that begins with `*` needs quotes"));
  EXPECT_THAT(broken_off("a: &x b\n*x : 1\n"), ElementsAre("2:1: : an alias can't be a key"));
  EXPECT_THAT(broken_off("~: 1\n"), ElementsAre("1:1: : a key is missing or null; quote it if it is meant as text"));
  EXPECT_THAT(
      broken_off("[a]: 1\n"),
      ElementsAre("1:1: : a list or mapping stands where a key is expected; a value that begins with `[`, `{` or `*` needs quotes"));
  EXPECT_THAT(broken_off("a:\n\tb: 1\n"), ElementsAre("2:3: : a tab in the indentation; YAML indents by spaces alone"));
}

TEST(Yaml, UnknownTagsAreMistakes) {
  EXPECT_THAT(
      mistakes(yaml("a: !vault x\nb: !!binary aGk=\nc: !!int five\nd: !foo {e: 1}\ne: !!set {}\nf: !foo [1]\n")),
      ElementsAre("1:4: /a: the tag `!vault` isn't understood; remove it", "2:4: /b: the tag `!!binary` isn't understood; remove it",
                  "3:4: /c: the tag `!!int` asks for an integer, the value is none", "4:4: /d: the tag `!foo` isn't understood; remove it",
                  "5:4: /e: the tag `!!set` isn't understood; remove it", "6:4: /f: the tag `!foo` isn't understood; remove it"));
  EXPECT_THAT(mistakes(yaml("a: !!map {}\nb: !!seq []\n")), IsEmpty());
}

TEST(Yaml, KeysAreNotInterpolated) {
  EXPECT_THAT(mistakes(yaml("a${FIVE}: 1\n")), ElementsAre("1:1: /a${FIVE}: `${` in a key; only values are interpolated"));
}

TEST(Json, KeepsThePlaceOfEachKeyAndValue) {
  const Tree tree = in_json("{\"a\": 1,\r\n \"b\\\"\" : [true, null, \"x\\\\\", -1.5e3, {}],\n\t\"ä\":\"y\", \"c\": []}");
  EXPECT_EQ(tree.value, json::parse(R"({"a": 1, "b\"": [true, null, "x\\", -1500.0, {}], "ä": "y", "c": []})"));
  EXPECT_THAT(mistakes(tree), IsEmpty());
  EXPECT_EQ(value(tree, ""), (Position{1, 1}));
  EXPECT_EQ(key(tree, "/a"), (Position{1, 2}));
  EXPECT_EQ(value(tree, "/a"), (Position{1, 7}));
  EXPECT_EQ(key(tree, "/b\""), (Position{2, 2}));
  EXPECT_EQ(value(tree, "/b\""), (Position{2, 10}));
  EXPECT_EQ(value(tree, "/b\"/1"), (Position{2, 17}));
  EXPECT_EQ(value(tree, "/b\"/2"), (Position{2, 23}));
  EXPECT_EQ(value(tree, "/b\"/3"), (Position{2, 30}));
  EXPECT_EQ(value(tree, "/b\"/4"), (Position{2, 38}));
  EXPECT_EQ(value(tree, "/ä"), (Position{3, 6}));
  EXPECT_EQ(value(tree, "/c"), (Position{3, 16}));
}

TEST(Json, InterpolatedTextStaysText) { EXPECT_EQ(in_json(R"({"a": "${FIVE}"})").value, json::parse(R"({"a": "5"})")); }

TEST(Json, DuplicateKeysAndTooLargeNumbersAreMistakes) {
  const Tree tree = in_json("{\"a\": 1,\n\"a\": 2, \"b\": 9223372036854775808, \"c\": -9223372036854775809, \"d\": 9223372036854775807}");
  EXPECT_THAT(
      mistakes(tree),
      ElementsAre("2:1: /a: duplicate key; it stands in line 1 already",
                  "2:14: /b: the integer is above 9223372036854775807, which a config can't hold; quote it if it is meant as text",
                  "2:40: /c: the integer is below -9223372036854775808, which a config can't hold; quote it if it is meant as text"));
  EXPECT_EQ(tree.value.at("a"), 1);
  EXPECT_EQ(tree.value.at("d"), INT64_MAX);
}

TEST(Json, BreaksOffWithOneMistakeAtItsPlaceAndWithoutWhatItRead) {
  EXPECT_THAT(mistakes(in_json("")), ElementsAre("1:1: : this is no JSON: unexpected end of input; expected '[', '{', or a literal"));
  EXPECT_THAT(mistakes(in_json("{\n  \"a\": hunter2\n}")), ElementsAre("2:8: : this is no JSON: invalid literal"));
  EXPECT_THAT(mistakes(in_json("{\"a\": 1,}")), ElementsAre("1:9: : this is no JSON: unexpected '}'; expected string literal"));
  EXPECT_THAT(mistakes(in_json("{\"a\": \"hunter2")),
              ElementsAre("1:7: : the quote that begins here is not closed in its line; write another where the text ends"));
  EXPECT_THAT(mistakes(in_json("{} {}")), ElementsAre("1:4: : this is no JSON: unexpected '{'; expected end of input"));
  EXPECT_THAT(mistakes(in_json("[1e400]")), ElementsAre("1:6: : this is no JSON: a number is too large; quote it if it is meant as text"));
  EXPECT_FALSE(in_json("{").complete);
}

}  // namespace
}  // namespace dispytch::config
