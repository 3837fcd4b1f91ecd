#include "config/defaults.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include "config/core_schema.hpp"
#include "schema/pointer.hpp"
#include "schema/units.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

const json& schema_of(std::string_view pointer) {
  static const json document = json::parse(core_schema());
  const json* schema = &document.at("definitions").at("listener");
  for (const std::string& key : text::steps(pointer)) schema = &schema->at("properties").at(key);
  return *schema;
}

std::optional<schema::Quantity> quantity_of(const json& schema) {
  const auto format = schema.find("format");
  return format == schema.end() ? std::nullopt : schema::quantity_of_format(format->get_ref<const std::string&>());
}

}  // namespace

const json& listener_default(std::string_view pointer) { return schema_of(pointer).at("default"); }

std::int64_t listener_default_count(std::string_view pointer) {
  const json& schema = schema_of(pointer);
  const json& value = schema.at("default");
  const std::optional<schema::Quantity> quantity = quantity_of(schema);
  if (!quantity) return value.get<std::int64_t>();
  return schema::parse_quantity(*quantity, value.get_ref<const std::string&>(), schema.at("unit").get_ref<const std::string&>()).count;
}

std::string print_listener_count(std::string_view pointer, std::int64_t count) {
  const json& schema = schema_of(pointer);
  const std::optional<schema::Quantity> quantity = quantity_of(schema);
  return quantity ? schema::print_quantity(*quantity, count, schema.at("unit").get_ref<const std::string&>()) : std::to_string(count);
}

}  // namespace dispytch::config
