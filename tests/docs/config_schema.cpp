// Writes into the schema of the config file what core/src/policy/fields.hpp says of each field: its type, bounds, default and words.
//
//   make_config_schema [--check] SCHEMA
//
// All else of the file stays as it is; a key that it doesn't have yet is added behind the others of its mapping. --check writes nothing and
// ends with 1 where the file isn't what would be written.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "docs/made_file.hpp"
#include "policy/fields.hpp"
#include "schema/units.hpp"
#include "text/json_pointer.hpp"

namespace {

using json = nlohmann::ordered_json;  // keys in the order of the file
using dispytch::policy::Description;

json number(double value) { return value == std::floor(value) ? json(static_cast<std::int64_t>(value)) : json(value); }

template <class Value>
std::string_view word_for(Value value) {
  for (const auto& choice : dispytch::policy::choices_of(value))
    if (choice.value == value) return choice.word;
  throw std::runtime_error{"a default has no word"};
}

// The schema of a field; `standard`: its default, empty where it depends on another field.
template <class Value>
json schema_of(const Description& description, const std::optional<Value>& standard) {
  constexpr bool is_duration = std::is_same_v<Value, std::chrono::milliseconds>;
  const auto quantity = [&](std::int64_t count) {
    return is_duration ? dispytch::schema::print_quantity(dispytch::schema::Quantity::duration, count, "ms")
                       : dispytch::schema::print_quantity(dispytch::schema::Quantity::byte_size, count, "bytes");
  };
  json schema = json::object();
  json fallback;
  if constexpr (std::is_enum_v<Value>) {
    for (const auto& choice : dispytch::policy::choices_of(Value{})) schema["enum"].push_back(choice.word);
    if (standard) fallback = word_for(*standard);
  } else if constexpr (is_duration) {
    schema = {{"type", "string"}, {"format", "duration"}, {"unit", "ms"}};
    if (standard) fallback = quantity(standard->count());
  } else if constexpr (std::is_floating_point_v<Value>) {
    schema["type"] = "number";
    if (standard) fallback = number(*standard);
  } else if (description.is_size) {
    schema = {{"type", "string"}, {"format", "byte-size"}, {"unit", "bytes"}};
    if (standard) fallback = quantity(static_cast<std::int64_t>(*standard));
  } else {
    schema["type"] = "integer";
    if (standard) fallback = *standard;
  }
  if (description.minimum) schema["minimum"] = *description.minimum;
  if (description.maximum) schema["maximum"] = *description.maximum;
  if (standard && !description.default_depends) {
    schema["default"] = fallback;
    schema["x-reason"] = description.reason;
  }
  schema["description"] = description.text;
  schema["examples"] = json::array({json::parse(description.example)});
  return schema;
}

json& listener_key(json& document, std::string_view pointer) {
  json* place = &document.at("definitions").at("listener");
  for (const std::string& key : dispytch::text::steps(pointer)) place = &(*place)["properties"][key];
  return *place;
}

template <class Options>
auto writing(json& document, const Options& standard) {
  return [&document, &standard](const auto& field) {
    using Held = std::remove_cvref_t<decltype(field.get(standard))>;
    using Value = dispytch::policy::value_of_t<Held>;
    if constexpr (!std::is_same_v<Value, dispytch::ExceptionFilter>)
      listener_key(document, field.pointer) = schema_of<Value>(field.description, field.get(standard));
  };
}

std::string on_one_line(const json& value) {
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, part] : value.items()) {
    if (!text.empty()) text += ", ";
    text += (value.is_object() ? json(key).dump() + ": " : "") + on_one_line(part);
  }
  if (value.is_array()) return '[' + text + ']';
  return text.empty() ? "{}" : "{ " + text + " }";
}

// Lists, and mappings in lists, lie on one line where they fit.
void print(std::string& out, const json& value, std::size_t indent, bool in_a_list) {
  constexpr std::size_t kColumns = 140;
  const bool may_be_short = value.is_array() || in_a_list || value.empty() || value.contains("$ref");
  const std::string line = on_one_line(value);
  if (!value.is_structured() || (may_be_short && indent + line.size() < kColumns)) {
    out += line;
    return;
  }
  out += value.is_array() ? "[" : "{";
  bool first = true;
  for (const auto& [key, part] : value.items()) {
    out += (first ? "\n" : ",\n") + std::string(indent + 2, ' ');
    first = false;
    if (value.is_object()) out += json(key).dump() + ": ";
    print(out, part, indent + 2, value.is_array());
  }
  out += '\n' + std::string(indent, ' ') + (value.is_array() ? "]" : "}");
}

std::string make(const std::vector<std::string>& arguments) {
  json document = json::parse(dispytch::docs::read(arguments.back()));
  const dispytch::DeliveryOptions delivery = {};
  dispytch::policy::for_each_delivery_field(writing(document, delivery));
  dispytch::policy::for_each_policy_field(writing(document, dispytch::kDefaultPolicy));
  std::string text;
  print(text, document, 0, false);
  return text + '\n';
}

}  // namespace

int main(int argc, char** argv) {
  return dispytch::docs::make_file(argc, argv, "make_config_schema [--check] SCHEMA", 1, "core/src/policy/fields.hpp says", make);
}
