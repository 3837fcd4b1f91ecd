#include <cstdint>
#include <utility>

#include "config/handling.hpp"
#include "config/validate.hpp"
#include "schema/pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

const json& section(const json& parent, const char* key) {
  static const json empty = json::object();
  const auto found = parent.find(key);
  return found == parent.end() ? empty : *found;
}

log::Level level(const std::string& name) {
  if (name == "error") return log::Level::error;
  if (name == "warning") return log::Level::warning;
  return name == "debug" ? log::Level::debug : log::Level::info;
}

WireForm wire(const json& entry) {
  const json& written = section(entry, "wire");
  WireForm form;
  if (written.value("form", "envelope") == "flat") form.layout = WireForm::Layout::flat;
  for (const auto& [from, name] : section(written, "type").items()) {
    form.type_from = from == "field"    ? WireForm::TypeFrom::field
                     : from == "header" ? WireForm::TypeFrom::header
                                        : WireForm::TypeFrom::fixed;
    form.name = name;
  }
  return form;
}

BackendConfig backend(const std::string& name, const json& entry) {
  BackendConfig result{.name = name, .plugin = entry.at("plugin"), .config = section(entry, "config"), .wire = wire(entry)};
  for (const auto& [topic, options] : section(entry, "topics").items())
    if (options.contains("wire")) result.topic_wire[topic] = wire(options);
  return result;
}

EmitterConfig emitter(const std::string& name, const json& entry) {
  EmitterConfig result{.name = name, .backend = entry.at("backend"), .config = section(entry, "config")};
  if (entry.contains("timeout")) result.timeout = std::chrono::milliseconds{entry.at("timeout").get<std::int64_t>()};
  return result;
}

TopicConfig topic(const json& entry) {
  if (entry.is_string()) return {.name = entry};
  return {.name = entry.value("name", ""), .pattern = entry.value("pattern", ""), .config = section(entry, "config")};
}

ListenerConfig listener(const std::string& name, const json& entry) {
  ListenerConfig result{
      .name = name, .backend = entry.at("backend"), .group = entry.value("group", ""), .config = section(entry, "config")};
  if (entry.contains("topics"))
    for (const json& each : entry.at("topics")) result.topics.push_back(topic(each));
  if (entry.value("start", "earliest") == "latest") result.start = Start::latest;
  result.instance = entry.value("instance", "");
  result.at_most_once = entry.value("delivery", "at_least_once") == "at_most_once";
  if (entry.contains("drain")) result.drain = std::chrono::milliseconds{entry.at("drain").get<std::int64_t>()};
  read_handling(entry, result);
  return result;
}

}  // namespace

Config build(Tree tree, const std::filesystem::path& file, Positions positions) {
  const json& root = tree.value;
  Config config{.file = file,
                .plugin_paths = plugin_paths(root, file.parent_path()),
                .positions = std::move(positions),
                .secrets = std::move(tree.secrets)};
  const json& logging = section(root, "logging");
  config.logging.level = level(logging.value("level", "info"));
  if (logging.value("format", "text") == "json") config.logging.format = log::Format::json;
  config.http_address = section(root, "http").value("address", "");
  if (const json& control = section(root, "control"); control.contains("socket"))
    config.control_socket = absolute(file.parent_path(), control.at("socket"));
  config.application = section(root, "application");
  for (const auto& [name, entry] : section(root, "backends").items()) config.backends.emplace(name, backend(name, entry));
  for (const auto& [name, entry] : section(root, "emitters").items()) config.emitters.emplace(name, emitter(name, entry));
  for (const auto& [name, entry] : section(root, "listeners").items()) config.listeners.emplace(name, listener(name, entry));
  return config;
}

}  // namespace dispytch::config
