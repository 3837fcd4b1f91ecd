#include "schema/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::schema {
namespace {

using nlohmann::json;

// The violations of a value, one a line: `pointer: text`, a `!` before those about a key.
std::string violations(const char* schema, const char* value) {
  json parsed = json::parse(value);
  std::string text;
  for (const Violation& violation : Schema::compile(json::parse(schema)).value().apply(parsed))
    text += (violation.about_key ? "!" : "") + violation.pointer + ": " + violation.text + "\n";
  return text;
}

TEST(Schema, NamesTheTypeExpectedAndWhatWasFound) {
  EXPECT_EQ(violations(R"({"type": "integer"})", R"("five")"), ": expected an integer, found \"five\"\n");
  EXPECT_EQ(violations(R"({"type": "string"})", "5"), ": expected a string, found 5; quote it if it is meant as text\n");
  EXPECT_EQ(violations(R"({"type": "boolean"})", R"("yes")"), ": expected `true` or `false`, found \"yes\"\n");
  EXPECT_EQ(violations(R"({"type": "array"})", "{}"), ": expected a list, found an empty mapping\n");
  EXPECT_EQ(violations(R"({"type": "object"})", "[1]"), ": expected a mapping, found a list\n");
  EXPECT_EQ(violations(R"({"type": "number"})", "null"), ": expected a number, found nothing\n");
  EXPECT_EQ(violations(R"({"type": "null"})", "[]"), ": expected nothing, found an empty list\n");
  EXPECT_EQ(violations(R"({"type": ["integer", "string"]})", "true"), ": expected an integer or a string, found true\n");
  EXPECT_EQ(violations(R"({"type": "integer"})", "1.5"), ": expected an integer, found 1.5\n");
}

TEST(Schema, NamesBoundsOfNumbersAndStrings) {
  EXPECT_EQ(violations(R"({"type": "integer", "minimum": 1})", "0"), ": expected an integer of at least 1, found 0\n");
  EXPECT_EQ(violations(R"({"type": "integer", "maximum": 9})", "10"), ": expected an integer of at most 9, found 10\n");
  EXPECT_EQ(violations(R"({"type": "integer", "minimum": 1, "maximum": 9})", "10"), ": expected an integer between 1 and 9, found 10\n");
  EXPECT_EQ(violations(R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})", "1"),
            ": expected a number above 0 below 1, found 1\n");
  EXPECT_EQ(violations(R"({"type": "string", "minLength": 1})", R"("")"), ": expected a string that isn't empty, found \"\"\n");
  EXPECT_EQ(violations(R"({"type": "string", "minLength": 2, "maxLength": 3})", R"("äöüß")"),
            ": expected a string of 2 to 3 characters, found \"äöüß\"\n");
  EXPECT_EQ(violations(R"({"type": "string", "minLength": 2, "maxLength": 3})", R"("äöü")"), "");
  EXPECT_EQ(violations(R"({"type": "string", "pattern": "^a+$"})", R"("b")"), ": expected a string that matches `^a+$`, found \"b\"\n");
}

TEST(Schema, NamesWhatAnEnumAllowsAndTheNearest) {
  EXPECT_EQ(violations(R"({"enum": ["earliest", "latest"]})", R"("lastest")"),
            ": expected one of `earliest`, `latest`, found \"lastest\"; did you mean `latest`?\n");
  EXPECT_EQ(violations(R"({"enum": ["all", 1, 0]})", "2"), ": expected one of `all`, `1`, `0`, found 2\n");
  EXPECT_EQ(violations(R"({"enum": ["all"]})", "2"), ": expected `all`, found 2\n");
  EXPECT_EQ(violations(R"({"const": 1})", "2"), ": expected `1`, found 2\n");
}

TEST(Schema, NamesUnknownAndMissingKeys) {
  const char* schema = R"({"type": "object", "additionalProperties": false, "required": ["plugin", "port"],
                           "properties": {"plugin": {"type": "string"}, "port": {"type": "integer", "minimum": 1}, "old": {"x-instead": "use `plugin`"}}})";
  EXPECT_EQ(violations(schema, R"({"plugim": "kafka", "port": 1})"), "!/plugim: unknown key; did you mean `plugin`?\n");
  EXPECT_EQ(violations(schema, R"({"plugin": "kafka", "port": 1, "x": 1})"), "!/x: unknown key; the keys here are: plugin, port\n");
  EXPECT_EQ(violations(schema, R"({"plugin": "kafka"})"), "!/port: missing; expected an integer of at least 1\n");
  EXPECT_EQ(violations(schema, R"({"plugin": "kafka", "port": 1, "old": 1})"), "!/old: not an option here: use `plugin`\n");
  EXPECT_EQ(violations(R"({"type": "object", "additionalProperties": false})", R"({"a": 1})"),
            "!/a: unknown key; there are no options here\n");
  EXPECT_EQ(violations(R"({"properties": {"a": false}})", R"({"a": 1})"), "!/a: not allowed here\n");
  EXPECT_EQ(violations(R"({"propertyNames": {"pattern": "^[a-z]+$"}})", R"({"A": 1})"),
            "!/A: not a possible key; expected a string that matches `^[a-z]+$`\n");
}

TEST(Schema, FindsAllViolationsInOneRun) {
  EXPECT_EQ(
      violations(R"({"properties": {"a": {"type": "integer"}, "b": {"items": {"type": "string"}}}})", R"({"a": "x", "b": ["y", 1, 2]})"),
      "/a: expected an integer, found \"x\"\n/b/1: expected a string, found 1; quote it if it is meant as text\n"
      "/b/2: expected a string, found 2; quote it if it is meant as text\n");
}

TEST(Schema, CountsItemsAndKeys) {
  EXPECT_EQ(violations(R"({"minItems": 1})", "[]"), ": expected a list of at least 1 item, found 0\n");
  EXPECT_EQ(violations(R"({"maxItems": 1})", "[1, 2]"), ": expected a list of at most 1 item, found 2\n");
  EXPECT_EQ(violations(R"({"minProperties": 1})", "{}"), ": expected a mapping of at least 1 key, found 0\n");
  EXPECT_EQ(violations(R"({"maxProperties": 1})", R"({"a": 1, "b": 2})"), ": expected a mapping of at most 1 key, found 2\n");
  EXPECT_EQ(violations(R"({"items": [{"type": "string"}, {"type": "integer"}]})", R"([1, 2])"),
            "/0: expected a string, found 1; quote it if it is meant as text\n");
}

TEST(Schema, SpeaksOfTheBranchThatWasMeant) {
  const char* topics = R"({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object", "properties": {"name": {"type": "string"}},
                                      "additionalProperties": false}]})";
  EXPECT_EQ(violations(topics, "5"), ": expected a string that isn't empty or a mapping, found 5\n");
  EXPECT_EQ(violations(topics, R"({"nam": "x"})"), "!/nam: unknown key; did you mean `name`?\n");
  EXPECT_EQ(violations(topics, R"({"name": "x"})"), "");
  EXPECT_EQ(violations(R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", "5"),
            ": 5 could mean more than one thing here: 2 alternatives fit\n");
  EXPECT_EQ(violations(R"({"allOf": [{"minimum": 3}, {"maximum": 1}]})", "2"),
            ": expected a number of at least 3, found 2\n: expected a number of at most 1, found 2\n");
}

TEST(Schema, SpeaksOfAlternativeKeys) {
  const char* one = R"({"oneOf": [{"required": ["name"]}, {"required": ["pattern"]}]})";
  EXPECT_EQ(violations(one, "{}"), "!: expected exactly one of the keys `name`, `pattern`, found none\n");
  EXPECT_EQ(violations(one, R"({"name": 1, "pattern": 2})"),
            ": expected exactly one of the keys `name`, `pattern`, found `name` and `pattern`\n");
  EXPECT_EQ(violations(one, R"({"name": 1})"), "");
  EXPECT_EQ(violations(R"({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]})", "{}"),
            "!: expected at least one of the keys `a`, `b`, found none\n");
}

TEST(Schema, FollowsConditionsAndExclusions) {
  const char* schema = R"({"if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["x"]}, "else": {"required": ["y"]}})";
  EXPECT_EQ(violations(schema, R"({"kind": "a"})"), "!/x: missing\n");
  EXPECT_EQ(violations(schema, R"({"kind": "b"})"), "!/y: missing\n");
  EXPECT_EQ(violations(R"({"not": {"const": 5}})", "5"), ": 5 isn't allowed here\n");
}

TEST(Schema, ReportsInItsWordsWhatOnlyTheJudgeKnows) {
  EXPECT_NE(violations(R"({"properties": {"a": {"multipleOf": 3}}})", R"({"a": 4})").find("/a: "), std::string::npos);
  EXPECT_NE(violations(R"({"uniqueItems": true})", "[1, 1]"), "");
  EXPECT_NE(violations(R"({"contains": {"const": 1}})", "[2]"), "");
  EXPECT_NE(violations(R"({"dependencies": {"a": ["b"]}})", R"({"a": 1})"), "");
}

TEST(Schema, WritesDurationsAndSizesAsIntegers) {
  const Schema schema = Schema::compile(json::parse(R"({
    "properties": {
      "wait": {"type": "string", "format": "duration", "unit": "ms"},
      "queue": {"type": "string", "format": "byte-size", "unit": "KiB"},
      "either": {"anyOf": [{"const": "never"}, {"type": "string", "format": "duration", "unit": "s"}]}
    }})"))
                            .value();
  json value = json::parse(R"({"wait": "1.5s", "queue": "64MiB", "either": "2m"})");
  EXPECT_TRUE(schema.apply(value).empty());
  EXPECT_EQ(value, json::parse(R"({"wait": 1500, "queue": 65536, "either": 120})"));
  json never = json::parse(R"({"either": "never"})");
  EXPECT_TRUE(schema.apply(never).empty());
  EXPECT_EQ(never, json::parse(R"({"either": "never"})"));
}

TEST(Schema, TakesBareIntegersWhereTheTypeAllowsThem) {
  const char* linger = R"({"type": ["string", "integer"], "format": "duration", "unit": "ms", "minimum": 1})";
  EXPECT_EQ(violations(linger, "5"), "");
  EXPECT_EQ(violations(linger, R"("5ms")"), "");
  const std::string expected = ": expected a duration such as `250ms` or `5s` or an integer in ms, of at least 1ms, found ";
  EXPECT_EQ(violations(linger, "0"), expected + "0\n");
  EXPECT_EQ(violations(linger, R"("0s")"), expected + "\"0s\"\n");
  EXPECT_EQ(violations(linger, "1.5"), expected + "1.5\n");
  EXPECT_EQ(violations(linger, R"("5")"), expected + "\"5\"; its unit is missing\n");
}

TEST(Schema, SaysWhatIsWrongWithADurationOrASize) {
  const char* wait = R"({"type": "string", "format": "duration", "unit": "ms", "minimum": 1, "maximum": 60000})";
  const std::string expected = ": expected a duration such as `250ms` or `5s`, between 1ms and 1m, found ";
  EXPECT_EQ(violations(wait, "5"), expected + "5; its unit is missing\n");
  EXPECT_EQ(violations(wait, R"("5")"), expected + "\"5\"; its unit is missing\n");
  EXPECT_EQ(violations(wait, R"("5 s")"), expected + "\"5 s\"; the units are ns, us, ms, s, m, h, d\n");
  EXPECT_EQ(violations(wait, R"("soon")"), expected + "\"soon\"\n");
  EXPECT_EQ(violations(wait, R"("0s")"), expected + "\"0s\"\n");
  EXPECT_EQ(violations(wait, R"("2m")"), expected + "\"2m\"\n");
  EXPECT_EQ(violations(wait, R"("1.5ms")"), expected + "\"1.5ms\"; it is counted in whole ms\n");
  EXPECT_EQ(violations(wait, R"("99999999999d")"), expected + "\"99999999999d\"; that is more than can be counted\n");
  EXPECT_EQ(violations(R"({"type": "string", "format": "byte-size", "unit": "bytes"})", R"("1 MB")"),
            ": expected a size such as `64KiB` or `10MB`, found \"1 MB\"; the units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB\n");
}

TEST(Schema, NeverShowsASecret) {
  const char* schema =
      R"({"properties": {"pin": {"type": "integer", "writeOnly": true}, "mode": {"enum": ["secure"], "writeOnly": true}}})";
  EXPECT_EQ(violations(schema, R"({"pin": "hunter2", "mode": "secur"})"),
            "/mode: expected `secure`, found a value that isn't shown because it is secret\n"
            "/pin: expected an integer, found a value that isn't shown because it is secret\n");
}

TEST(Schema, ShowsAValueAsItIsToldTo) {
  json value = {{"port", "hunter2"}};
  const Schema schema = Schema::compile(json::parse(R"({"properties": {"port": {"type": "integer"}}})")).value();
  const std::vector<Violation> found =
      schema.apply(value, [](const std::string& pointer) { return std::optional{"what stands at " + pointer}; });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "expected an integer, found what stands at /port");
}

TEST(Schema, CutsLongValues) {
  EXPECT_EQ(violations(R"({"type": "integer"})", ('"' + std::string(59, 'a') + "äb\"").c_str()),
            ": expected an integer, found \"" + std::string(59, 'a') + "\"...\n");
}

TEST(Schema, DoesNotTryPatternsOnEndlessTexts) {
  const std::string endless = '"' + std::string(1'000'000, 'a') + '"';
  EXPECT_NE(violations(R"({"type": "string", "pattern": "^(a|b)*$"})", endless.c_str()), "");
  EXPECT_EQ(violations(R"({"type": "string"})", endless.c_str()), "");
}

TEST(Schema, TakesOneDefinitionOfADocument) {
  const json document = json::parse(R"({"$defs": {
    "backend": {"type": "object", "properties": {"acks": {"$ref": "#/$defs/acks"}}, "additionalProperties": false},
    "acks": {"enum": ["all"]}}})");
  json value = {{"acks", "some"}};
  EXPECT_EQ(Schema::compile(document, "backend").value().apply(value).at(0).text, "expected `all`, found \"some\"");
  json options = {{"linger", 1}};
  EXPECT_EQ(Schema::compile(document, "producer").value().apply(options).at(0).text, "unknown key; there are no options here");
  json none = json::object();
  EXPECT_TRUE(Schema::compile(document, "producer").value().apply(none).empty());
}

TEST(Schema, FollowsReferencesToItself) {
  EXPECT_EQ(violations(R"({"properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}}})", R"({"next": {"next": {"n": "x"}}})"),
            "/next/next/n: expected an integer, found \"x\"\n");
}

TEST(Schema, RefusesABrokenDocumentWithItsPlace) {
  const auto refusal = [](const char* document) { return Schema::compile(json::parse(document)).error().text; };
  EXPECT_EQ(refusal("[]"), "the schema is broken at its root: it must be a JSON object");
  EXPECT_EQ(refusal(R"({"properties": {"a": {"$ref": "#/definitions/b"}}})"),
            "the schema is broken at /properties/a: $ref `#/definitions/b` leads nowhere");
  EXPECT_EQ(refusal(R"({"$ref": "other.json"})"),
            "the schema is broken at its root: $ref `other.json` leads to another document; only `#/...` is possible");
  EXPECT_EQ(
      refusal(
          R"({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "properties": {"x": {"$ref": "#/definitions/a"}}})"),
      "the schema is broken at /definitions/a: $ref `#/definitions/b` leads in a circle");
  EXPECT_EQ(refusal(R"({"pattern": "("})"), "the schema is broken at its root: \"pattern\" is no regular expression");
  EXPECT_EQ(refusal(R"({"properties": {"a": {"format": "duration"}}})"),
            "the schema is broken at /properties/a: \"format\": \"duration\" needs a \"unit\", such as \"ms\" for a duration or \"bytes\" "
            "for a size");
  EXPECT_EQ(refusal(R"({"properties": {"a": {"format": "duration", "unit": "bytes"}}})").find("the schema is broken at /properties/a"), 0U);
  EXPECT_EQ(refusal(R"({"x-instead": 5})"), "the schema is broken at its root: \"x-instead\" must be a text");
  EXPECT_EQ(refusal(R"({"type": "strin"})").find("the schema is broken at its root: "), 0U);
}

// A plugin's author who writes "integer", the type that the program gets, would have an option that refuses every duration in a file.
TEST(Schema, RefusesADurationOrASizeThatCanNeverBeMet) {
  const auto text_of = [](const char* property) {
    return Schema::compile(nlohmann::json{{"properties", {{"a", nlohmann::json::parse(property)}}}}).error().text;
  };
  EXPECT_EQ(text_of(R"({"type": "integer", "format": "duration", "unit": "ms"})"),
            "the schema is broken at /properties/a: \"format\": \"duration\" can never be met with \"type\": \"integer\", as the file says "
            "a text such as "
            "`250ms`; write \"string\", or [\"string\", \"integer\"] where a bare integer in that unit is to be taken too");
  EXPECT_THAT(text_of(R"({"type": ["integer", "null"], "format": "byte-size", "unit": "bytes"})"), testing::HasSubstr("such as `64MiB`"));
  EXPECT_THAT(text_of(R"({"type": "string", "format": "duration", "unit": "ms", "minimum": 5, "maximum": 4})"),
              testing::HasSubstr("\"minimum\": 5 is more than \"maximum\": 4"));
  for (const char* const type : {R"("string")", R"(["string", "integer"])"}) {
    const std::string property = R"({"properties": {"a": {"format": "duration", "unit": "ms", "type": )" + std::string{type} + "}}}";
    EXPECT_TRUE(Schema::compile(nlohmann::json::parse(property))) << type;
  }
}

TEST(Schema, AcceptsOptionsOrNamesAllThatIsWrongInOneError) {
  const Schema schema = Schema::compile(json::parse(R"({"properties": {"wait": {"type": "string", "format": "duration", "unit": "ms"},
                                                        "n": {"type": "integer"}}})"))
                            .value();
  EXPECT_EQ(accept(json{{"wait", "2s"}}, schema, "the options of plugin `x`").value(), (json{{"wait", 2000}}));
  const Result<json> refused = accept(json{{"wait", 2}, {"n", "x"}}, schema, "the options of plugin `x`");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::config);
  EXPECT_EQ(refused.error().text,
            "the options of plugin `x` have 2 errors:\n  /n: expected an integer, found \"x\"\n"
            "  /wait: expected a duration such as `250ms` or `5s`, found 2; its unit is missing");
}

}  // namespace
}  // namespace dispytch::schema
