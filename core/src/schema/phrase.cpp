#include "schema/phrase.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "schema/units.hpp"
#include "text/character.hpp"
#include "text/quote.hpp"

namespace dispytch::schema {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestShown = 60;

std::string type_word(const std::string& type) {
  if (type == "integer") return "an integer";
  if (type == "number") return "a number";
  if (type == "string") return "a string";
  if (type == "boolean") return "`true` or `false`";
  if (type == "object") return "a mapping";
  if (type == "array") return "a list";
  return "nothing";
}

std::string value_word(const json& value) { return text::quoted(value.is_string() ? value.get<std::string>() : value.dump()); }

std::string plain_number(const json& number) { return number.dump(); }

// " of at least 1", " between 1 and 9"; `show` writes a bound.
template <class Show>
std::string bounds(const json& schema, const char* least, const char* most, Show show) {
  const auto low = schema.find(least);
  const auto high = schema.find(most);
  if (low != schema.end() && high != schema.end()) return " between " + show(*low) + " and " + show(*high);
  if (low != schema.end()) return " of at least " + show(*low);
  if (high != schema.end()) return " of at most " + show(*high);
  return {};
}

std::string exclusive_bounds(const json& schema) {
  std::string text;
  if (const auto low = schema.find("exclusiveMinimum"); low != schema.end()) text += " above " + plain_number(*low);
  if (const auto high = schema.find("exclusiveMaximum"); high != schema.end()) text += " below " + plain_number(*high);
  return text;
}

bool allows_integer(const json& schema) {
  const auto type = schema.find("type");
  return type != schema.end() &&
         (*type == "integer" || (type->is_array() && std::find(type->begin(), type->end(), "integer") != type->end()));
}

std::string quantity_phrase(Quantity quantity, const json& schema) {
  const std::string unit = schema.at("unit");
  const std::string text = bounds(schema, "minimum", "maximum", [&](const json& bound) {
    return bound.is_number_integer() ? print_quantity(quantity, bound.get<std::int64_t>(), unit) : plain_number(bound);
  });
  std::string example = quantity == Quantity::duration ? "a duration such as `250ms` or `5s`" : "a size such as `64KiB` or `10MB`";
  if (allows_integer(schema)) example += " or an integer in " + unit;
  return text.empty() ? example : example + ',' + text;
}

std::string string_phrase(const json& schema) {
  const std::uint64_t least = schema.value("minLength", std::uint64_t{0});
  std::string text = "a string";
  if (least == 1 && !schema.contains("maxLength")) {
    text += " that isn't empty";
  } else if (schema.contains("minLength") || schema.contains("maxLength")) {
    const bool both = schema.contains("minLength") && schema.contains("maxLength");
    text += both ? " of " + plain_number(schema["minLength"]) + " to " + plain_number(schema["maxLength"])
                 : bounds(schema, "minLength", "maxLength", plain_number);
    text += " characters";
  }
  if (const auto pattern = schema.find("pattern"); pattern != schema.end()) text += " that matches `" + pattern->get<std::string>() + '`';
  return text;
}

std::string typed_phrase(const std::string& type, const json& schema) {
  if (type == "integer" || type == "number")
    return type_word(type) + bounds(schema, "minimum", "maximum", plain_number) + exclusive_bounds(schema);
  if (type == "string") return string_phrase(schema);
  return type_word(type);
}

}  // namespace

std::string listed(const std::vector<std::string>& words, std::string_view last_joint) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_joint : std::string_view{", "};
    text += words[i];
  }
  return text;
}

std::string expected_phrase(const json& schema) {
  if (const auto constant = schema.find("const"); constant != schema.end()) return value_word(*constant);
  if (const auto values = schema.find("enum"); values != schema.end()) {
    std::vector<std::string> words;
    for (const json& value : *values) words.push_back(value_word(value));
    return words.size() == 1 ? words.front() : "one of " + listed(words, ", ");
  }
  if (const auto format = schema.find("format"); format != schema.end() && format->is_string()) {
    if (const std::optional<Quantity> quantity = quantity_of_format(format->get_ref<const std::string&>()))
      return quantity_phrase(*quantity, schema);
  }
  const auto type = schema.find("type");
  if (type == schema.end()) {
    for (const char* guess : {"number", "string"})
      if (std::string phrase = typed_phrase(guess, schema); phrase != type_word(guess)) return phrase;
    return "another value";
  }
  if (type->is_string()) return typed_phrase(*type, schema);
  std::vector<std::string> words;
  for (const json& one : *type) words.push_back(typed_phrase(one, schema));
  return listed(words, " or ");
}

std::string found_phrase(const json& value) {
  if (value.is_null()) return "nothing";
  if (value.is_object()) return value.empty() ? "an empty mapping" : "a mapping";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  const std::string_view shown = text::cut(text, kLongestShown);
  return json(shown).dump(-1, ' ', false, json::error_handler_t::replace) + (shown.size() < text.size() ? "..." : "");
}

}  // namespace dispytch::schema
