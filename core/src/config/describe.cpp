#include <algorithm>
#include <utility>

#include <dispytch/plugin/secrets.hpp>

#include "config/handling.hpp"
#include "config/load.hpp"
#include "config/problem_list.hpp"
#include "schema/pointer.hpp"
#include "schema/schema.hpp"
#include "schema/units.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using schema::child;

std::string duration(std::chrono::milliseconds value) { return schema::print_quantity(schema::Quantity::duration, value.count(), "ms"); }

json describe_wire(const WireForm& wire) {
  json result = {{"form", wire.layout == WireForm::Layout::flat ? "flat" : "envelope"}};
  switch (wire.type_from) {
    case WireForm::TypeFrom::none: break;
    case WireForm::TypeFrom::field: result["type"] = {{"field", wire.name}}; break;
    case WireForm::TypeFrom::header: result["type"] = {{"header", wire.name}}; break;
    case WireForm::TypeFrom::fixed: result["type"] = {{"fixed", wire.name}}; break;
  }
  return result;
}

json describe_backend(const BackendConfig& backend) {
  json result = {{"plugin", backend.plugin}, {"config", backend.config}, {"wire", describe_wire(backend.wire)}};
  for (const auto& [topic, wire] : backend.topic_wire) result["topics"][topic]["wire"] = describe_wire(wire);
  return result;
}

json describe_listener(const ListenerConfig& listener) {
  json result = {{"backend", listener.backend},
                 {"start", listener.start == Start::latest ? "latest" : "earliest"},
                 {"delivery", listener.at_most_once ? "at_most_once" : "at_least_once"},
                 {"drain", duration(listener.drain)},
                 {"config", listener.config}};
  describe_handling(listener, result);
  if (!listener.group.empty()) result["group"] = listener.group;
  for (const TopicConfig& topic : listener.topics) {
    json described = {{"config", topic.config}};
    described[topic.name.empty() ? "pattern" : "name"] = topic.name.empty() ? topic.pattern : topic.name;
    result["topics"].push_back(std::move(described));
  }
  return result;
}

// The password in scheme://user:password@host.
void hide_user_info(std::string& text) {
  for (std::size_t scheme = text.find("://"); scheme != std::string::npos; scheme = text.find("://", scheme + 3)) {
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n,", begin), text.size());
    const std::size_t at = text.substr(0, end).rfind('@');
    const std::size_t colon = text.find(':', begin);
    if (at != std::string::npos && at >= begin && colon < at) text.replace(colon + 1, at - colon - 1, schema::kRedacted);
  }
}

void hide(json& value, const std::string& pointer, const std::set<std::string>& secrets) {
  if (schema::within_any(secrets, pointer)) {
    value = schema::kRedacted;
  } else if (value.is_string()) {
    hide_user_info(value.get_ref<std::string&>());
  } else if (value.is_structured()) {
    for (const auto& [key, part] : value.items()) hide(part, child(pointer, key), secrets);
  }
}

std::string log_level(log::Level level) {
  switch (level) {
    case log::Level::error: return "error";
    case log::Level::warning: return "warning";
    case log::Level::info: return "info";
    case log::Level::debug: return "debug";
  }
  return "info";
}

// All secret texts below a value.
void collect(const json& value, plugin::Secrets& secrets) {
  if (value.is_string()) secrets.add(value.get<std::string>());
  if (value.is_number()) secrets.add(value.dump());
  if (value.is_structured())
    for (const json& part : value) collect(part, secrets);
}

json undisguised(const Config& config) {
  json result = {
      {"version", 1},
      {"logging", {{"level", log_level(config.logging.level)}, {"format", config.logging.format == log::Format::json ? "json" : "text"}}},
      {"backends", json::object()},
      {"emitters", json::object()},
      {"listeners", json::object()}};
  if (!config.http_address.empty()) result["http"]["address"] = config.http_address;
  if (!config.control_socket.empty()) result["control"]["socket"] = config.control_socket.string();
  if (!config.application.empty()) result["application"] = config.application;
  result["plugins"]["paths"] = json::array();
  for (const std::filesystem::path& path : config.plugin_paths) result["plugins"]["paths"].push_back(path.string());
  for (const auto& [name, backend] : config.backends) result["backends"][name] = describe_backend(backend);
  for (const auto& [name, emitter] : config.emitters)
    result["emitters"][name] = {{"backend", emitter.backend}, {"timeout", duration(emitter.timeout)}, {"config", emitter.config}};
  for (const auto& [name, listener] : config.listeners) result["listeners"][name] = describe_listener(listener);
  return result;
}

}  // namespace

json describe(const Config& config) {
  json result = undisguised(config);
  hide(result, "", config.secrets);
  return result;
}

std::string scrub(const json& values, const std::set<std::string>& pointers, std::string text) {
  plugin::Secrets secrets;
  for (const std::string& pointer : pointers)
    if (const json* value = schema::find(values, pointer)) collect(*value, secrets);
  return secrets.hide(std::move(text));
}

std::string scrub(const Config& config, std::string text) { return scrub(undisguised(config), config.secrets, std::move(text)); }

}  // namespace dispytch::config
