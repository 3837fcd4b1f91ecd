// The two that judge a value must agree: valijson, which knows all keywords, and the walk, which words what the usual ones say.
#include "schema/judge.hpp"

#include <set>

#include <gtest/gtest.h>

#include "schema/schema.hpp"
#include "schema/walk.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

constexpr const char* kSchemas[] = {
    R"({"type": "integer", "minimum": 1, "maximum": 5})",
    R"({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 5})",
    R"({"type": ["string", "null"], "minLength": 2, "maxLength": 4})",
    R"({"type": "string", "pattern": "^[a-c]+$"})",
    R"({"enum": ["abc", 5, null, true, [1], {"a": 1}]})",
    R"({"const": {"a": 1}})",
    R"({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false})",
    R"({"type": "object", "properties": {"a": {"type": "integer"}}, "patternProperties": {"^b": {"type": "string"}}, "additionalProperties": {"type": "boolean"}})",
    R"({"required": ["a"], "minProperties": 2})",
    R"({"maxProperties": 1, "propertyNames": {"minLength": 2}})",
    R"({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2})",
    R"({"items": [{"type": "integer"}, {"type": "string"}]})",
    R"({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]})",
    R"({"oneOf": [{"type": "integer"}, {"type": "number"}, {"type": "string"}]})",
    R"({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]})",
    R"({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]})",
    R"({"allOf": [{"type": "integer"}, {"minimum": 3}]})",
    R"({"not": {"type": "string"}})",
    R"({"if": {"type": "object"}, "then": {"required": ["a"]}, "else": {"type": "string"}})",
    R"({"properties": {"a": false}})",
    R"({"properties": {"a": {"$ref": "#"}}, "required": ["b"]})",
};

constexpr const char* kValues[] = {
    "0",
    "1",
    "3",
    "5",
    "6",
    "1.0",
    "2.5",
    "-1",
    "null",
    "true",
    "false",
    R"("")",
    R"("ab")",
    R"("abc")",
    R"("abcde")",
    R"("xyz")",
    R"("äöü")",
    "[]",
    "[1]",
    "[1, 2]",
    "[1, 2, 3]",
    R"(["a"])",
    R"([1, "a"])",
    R"([1, "a", null])",
    "{}",
    R"({"a": 1})",
    R"({"a": "x"})",
    R"({"b": "x"})",
    R"({"a": 1, "b": "x"})",
    R"({"a": 1, "c": true})",
    R"({"c": 1})",
    R"({"ab": 1})",
    R"({"a": {"b": 1}, "b": 2})",
    R"({"a": {"a": 1}, "b": 2})",
};

TEST(Judge, AgreesWithTheWalk) {
  for (const char* schema : kSchemas) {
    const json document = json::parse(schema);
    const Judge judge = Judge::compile(document).value();
    for (const char* text : kValues) {
      json value = json::parse(text);
      const bool objected = !judge.objections(value).empty();
      const std::set<std::string> no_secrets;
      const Shown as_it_is;
      Walk walk{document, no_secrets, as_it_is};
      walk.check(document, value, "");
      EXPECT_EQ(objected, !walk.violations().empty()) << schema << " on " << text;
    }
  }
}

TEST(Judge, ReportsTheInnermostPlacesEachOnce) {
  const Judge judge = Judge::compile(json::parse(R"({"properties": {"a/b": {"items": {"multipleOf": 2}}}})")).value();
  const std::vector<Judge::Objection> objections = judge.objections(json::parse(R"({"a/b": [1, 2, 3]})"));
  ASSERT_EQ(objections.size(), 2U);
  EXPECT_EQ(objections[0].pointer, "/a~1b/0");
  EXPECT_EQ(objections[1].pointer, "/a~1b/2");
}

}  // namespace
}  // namespace dispytch::schema
