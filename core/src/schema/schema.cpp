#include "schema/schema.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "schema/judge.hpp"
#include "schema/pointer.hpp"
#include "schema/secrets.hpp"
#include "schema/units.hpp"
#include "schema/walk.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

Error broken(const std::string& pointer, const std::string& text) {
  return {.code = ErrorCode::config, .text = "the schema is broken at " + (pointer.empty() ? "its root" : pointer) + ": " + text};
}

// A duration or a size is a text in the file: what allows no text, or leaves no integer that such a text could become, can't be met.
Result<void> check_quantity(const json& node, Quantity quantity, const std::string& pointer) {
  const std::string_view example = quantity == Quantity::duration ? "`250ms`" : "`64MiB`";
  const auto type = node.find("type");
  const bool text =
      type == node.end() || *type == "string" || (type->is_array() && std::find(type->begin(), type->end(), "string") != type->end());
  if (!text) {
    return broken(pointer, "\"format\": " + node["format"].dump() + " can never be met with \"type\": " + type->dump() +
                               ", as the file says a text such as " + std::string{example} +
                               "; write \"string\", or [\"string\", \"integer\"] where a bare integer in that unit is to be taken too");
  }
  const auto least = node.find("minimum"), most = node.find("maximum");
  if (least != node.end() && most != node.end() && least->is_number() && most->is_number() && *least > *most)
    return broken(pointer, "\"minimum\": " + least->dump() + " is more than \"maximum\": " + most->dump());
  return {};
}

// What neither valijson nor the draft checks: references, patterns, and the annotations of our own.
Result<void> check_node(const json& document, const json& node, const std::string& pointer) {
  if (const auto reference = node.find("$ref"); reference != node.end() && reference->is_string()) {
    const std::string& target = reference->get_ref<const std::string&>();
    if (!target.starts_with('#')) return broken(pointer, "$ref `" + target + "` leads to another document; only `#/...` is possible");
    if (find(document, target.substr(1)) == nullptr) return broken(pointer, "$ref `" + target + "` leads nowhere");
    const json& end = resolve(document, node);
    if (end.is_object() && end.contains("$ref")) return broken(pointer, "$ref `" + target + "` leads in a circle");
  }
  if (const auto pattern = node.find("pattern"); pattern != node.end() && pattern->is_string()) {
    try {
      const std::regex compiled{pattern->get<std::string>()};
    } catch (const std::regex_error&) {
      return broken(pointer, "\"pattern\" is no regular expression");
    }
  }
  if (const auto format = node.find("format"); format != node.end() && format->is_string()) {
    const auto quantity = quantity_of_format(format->get_ref<const std::string&>());
    const auto unit = node.find("unit");
    if (quantity && (unit == node.end() || !unit->is_string() || !is_unit(*quantity, unit->get_ref<const std::string&>())))
      return broken(pointer, "\"format\": " + format->dump() + " needs a \"unit\", such as \"ms\" for a duration or \"bytes\" for a size");
    if (quantity) {
      if (Result<void> result = check_quantity(node, *quantity, pointer); !result) return result;
    }
  }
  if (const auto instead = node.find("x-instead"); instead != node.end() && !instead->is_string())
    return broken(pointer, "\"x-instead\" must be a text");
  return {};
}

Result<void> check_nodes(const json& document, const json& node, const std::string& pointer) {
  if (!node.is_structured()) return {};
  if (node.is_object()) {
    if (Result<void> result = check_node(document, node, pointer); !result) return result;
    for (const auto& [key, part] : node.items()) {
      if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;  // values, not schemas
      if (Result<void> result = check_nodes(document, part, child(pointer, key)); !result) return result;
    }
  } else {
    for (std::size_t i = 0; i < node.size(); ++i)
      if (Result<void> result = check_nodes(document, node[i], child(pointer, i)); !result) return result;
  }
  return {};
}

// A document that says what the definition says, with all that references may lead to.
json select(const json& document, std::string_view definition) {
  if (definition.empty()) return document;
  json selected = json::object();
  for (const char* definitions : {"$defs", "definitions"})
    if (document.contains(definitions)) selected[definitions] = document[definitions];
  const bool defined = selected.contains("$defs") && selected["$defs"].contains(std::string{definition});
  selected["allOf"] = json::array(
      {defined ? json{{"$ref", "#/$defs/" + std::string{definition}}} : json{{"type", "object"}, {"additionalProperties", false}}});
  return selected;
}

}  // namespace

struct Schema::Compiled {
  json document;
  Judge judge;
};

Result<Schema> Schema::compile(const json& document, std::string_view definition) {
  if (!document.is_object()) return broken("", "it must be a JSON object");
  json selected = select(document, definition);
  if (Result<void> checked = check_nodes(selected, selected, ""); !checked) return checked.error();
  Result<Judge> judge = Judge::compile(selected);
  if (!judge) return broken("", judge.error().text);
  return Schema{std::make_shared<const Compiled>(Compiled{.document = std::move(selected), .judge = std::move(*judge)})};
}

std::vector<Violation> Schema::apply(json& value, const Shown& shown) const {
  const std::vector<Judge::Objection> objections = compiled_->judge.objections(value);
  const std::set<std::string> hidden = find_secrets(compiled_->document, compiled_->document, value);
  Walk walk{compiled_->document, hidden, shown};
  walk.check(compiled_->document, value, "");
  std::vector<Violation> violations = std::move(walk.violations());
  std::set<std::string> worded;
  for (const Violation& violation : violations) worded.insert(violation.pointer);
  for (const Judge::Objection& objection : objections) {
    const auto below = worded.lower_bound(objection.pointer + '/');
    const bool said = within_any(worded, objection.pointer) || (below != worded.end() && within(objection.pointer, *below));
    if (!said) violations.push_back({.pointer = objection.pointer, .text = objection.text});
  }
  return violations;
}

std::vector<std::string> Schema::secrets(const json& value) const {
  const std::set<std::string> found = find_secrets(compiled_->document, compiled_->document, value);
  return {found.begin(), found.end()};
}

json redact(json value, const Schema& schema) {
  for (const std::string& pointer : schema.secrets(value)) {
    const json::json_pointer place{pointer};
    if (value.contains(place)) value[place] = kRedacted;
  }
  return value;
}

Result<json> accept(json value, const Schema& schema, std::string_view what) {
  const std::vector<Violation> violations = schema.apply(value);
  if (violations.empty()) return value;
  std::string text =
      std::string{what} + (violations.size() == 1 ? " have an error:" : " have " + std::to_string(violations.size()) + " errors:");
  for (const Violation& violation : violations) text += "\n  " + violation.pointer + ": " + violation.text;
  return Error{.code = ErrorCode::config, .text = std::move(text)};
}

}  // namespace dispytch::schema
