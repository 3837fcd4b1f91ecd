#include "config/settings.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

namespace dispytch::config {
namespace {

using detail::SettingType;
using nlohmann::json;
using Kind = SettingType::Kind;

// Bounds that every integer of a config is within are no use in an error.
json integer_schema(const SettingType& type) {
  json schema = {{"type", "integer"}};
  if (type.minimum != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = type.minimum;
  if (type.maximum != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = type.maximum;
  return schema;
}

json schema_of(const SettingType& type) {
  switch (type.kind) {
    case Kind::boolean: return {{"type", "boolean"}};
    case Kind::integer: return integer_schema(type);
    case Kind::number: return {{"type", "number"}};
    case Kind::text: return {{"type", "string"}};
    case Kind::secret: return {{"type", "string"}, {"writeOnly", true}};
    case Kind::duration: return {{"type", "string"}, {"format", "duration"}, {"unit", std::string{type.unit}}, {"minimum", 0}};
    case Kind::size: return {{"type", "string"}, {"format", "byte-size"}, {"unit", "bytes"}, {"minimum", 0}};
    case Kind::choice: {
      json words = json::array();
      for (const std::string_view word : type.choices) words.push_back(word);
      return {{"enum", std::move(words)}};
    }
    case Kind::section: return settings_schema(*type.section);
    case Kind::list: return {{"type", "array"}, {"items", schema_of(*type.inner)}};
    case Kind::map: return {{"type", "object"}, {"additionalProperties", schema_of(*type.inner)}};
    case Kind::optional: return schema_of(*type.inner);
  }
  return json::object();
}

void read(const SettingType& type, const json& written, void* value) {
  switch (type.kind) {
    case Kind::boolean: type.set_integer(value, written.get<bool>() ? 1 : 0); break;
    case Kind::integer:
    case Kind::duration:
    case Kind::size: type.set_integer(value, written.get<std::int64_t>()); break;
    case Kind::number: type.set_number(value, written.get<double>()); break;
    case Kind::text:
    case Kind::secret: type.set_text(value, written.get_ref<const std::string&>()); break;
    case Kind::choice: {
      const auto word = std::ranges::find(type.choices, std::string_view{written.get_ref<const std::string&>()});
      type.set_integer(value, word - type.choices.begin());
      break;
    }
    case Kind::section: read_settings(*type.section, written, value); break;
    case Kind::list:
    case Kind::map:
      type.clear(value);  // what stands in the file, in place of what the struct says
      for (const auto& [key, item] : written.items()) read(*type.inner, item, type.add(value, key));
      break;
    case Kind::optional: read(*type.inner, written, type.add(value, {})); break;
  }
}

}  // namespace

json settings_schema(const detail::SettingsTable& table) {
  json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", json::object()}};
  for (const detail::SettingsField& field : table.fields) {
    const std::string name{field.name};
    schema["properties"][name] = schema_of(*field.type);
    if (field.required) schema["required"].push_back(name);
  }
  return schema;
}

void read_settings(const detail::SettingsTable& table, const json& section, void* object) {
  for (const detail::SettingsField& field : table.fields) {
    if (const auto written = section.find(std::string{field.name}); written != section.end()) read(*field.type, *written, field.of(object));
  }
}

}  // namespace dispytch::config
