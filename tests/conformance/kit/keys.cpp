#include "kit/keys.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "kit/failure.hpp"
#include "kit/options.hpp"

namespace dispytch::conformance {
namespace {

struct Key {
  std::string name;
  std::string type;
  std::string normal;  // the default, empty where there is none
  std::string description;
};

std::string type_of(const nlohmann::json& schema) {
  if (schema.contains("enum")) {
    std::string text;
    for (const nlohmann::json& one : schema["enum"]) text += (text.empty() ? "" : " or ") + one.get<std::string>();
    return text;
  }
  const std::string format = schema.value("format", "");
  if (format == "duration") return "duration, such as 5s";
  if (format == "byte-size") return "size, such as 64KiB";
  const std::string type = schema["type"].is_string() ? schema["type"].get<std::string>() : "string";
  return type == "object" ? "mapping" : type == "array" ? "list" : type;
}

// Those of an object's properties, with the keys inside of it behind each: `commands.stop`, `network[].listen`.
void collect(const nlohmann::json& schema, const std::string& prefix, std::vector<Key>& keys) {
  for (const auto& [name, property] : schema["properties"].items()) {
    std::string normal;
    if (property.contains("default"))
      normal = property["default"].is_string() ? property["default"].get<std::string>() : property["default"].dump();
    keys.push_back({prefix + name, type_of(property), normal, property.at("description")});
    if (property.contains("properties")) collect(property, prefix + name + ".", keys);
    if (property.contains("items")) collect(property["items"], prefix + name + "[].", keys);
  }
}

std::vector<Key> keys() {
  std::vector<Key> all;
  collect(options_schema(), "", all);
  return all;
}

std::string wrapped(const std::string& text, const std::string& indent, std::size_t width) {
  std::string result, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (!line.empty() && line.size() + 1 + (end - at) > width) {
      result += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + text.substr(at, end - at);
    at = end + 1;
  }
  return result + indent + line + "\n";
}

// What may stand in the file for an option without a default, to be replaced.
nlohmann::json placeholder(const nlohmann::json& schema) {
  if (schema.contains("default")) return schema["default"];
  if (schema.contains("examples") && schema["examples"].is_array() && !schema["examples"].empty()) return schema["examples"][0];
  if (schema.contains("enum") && !schema["enum"].empty()) return schema["enum"][0];
  if (schema.value("format", "") == "duration") return "5s";
  if (schema.value("format", "") == "byte-size") return "1MiB";
  std::string type;
  if (schema.contains("type"))
    type = schema["type"].is_array() ? schema["type"].at(0).get<std::string>() : schema["type"].get<std::string>();
  if (type == "integer" || type == "number") return schema.value("minimum", nlohmann::json(1));
  if (type == "boolean") return true;
  if (type == "object") return nlohmann::json::object();
  if (type == "array") return nlohmann::json::array();
  return "...";
}

std::string option_lines(const std::string& name, const nlohmann::json& schema, bool wanted) {
  std::string text;
  if (schema.contains("description")) text += wrapped(schema["description"], "  # ", 110);
  return text + (wanted ? "  " : "  # ") + name + ": " + placeholder(schema).dump() + "\n";
}

}  // namespace

std::string keys_text() {
  std::string text = "The keys of the file that --config names, all of them optional:\n\n";
  for (const Key& key : keys()) {
    text += key.name + "  (" + key.type + (key.normal.empty() ? "" : "; default: " + key.normal) + ")\n" +
            wrapped(key.description, "    ", 100);
  }
  return text;
}

std::string keys_markdown() {
  std::string text = "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const Key& key : keys()) {
    text += "| `" + key.name + "` | " + key.type + " | " + (key.normal.empty() ? "" : "`" + key.normal + "`") + " | " + key.description +
            " |\n";
  }
  return text;
}

std::string example_config(const border::PluginInfo& plugin) {
  constexpr std::size_t kMost = 8;  // options that are not wanted; beyond these a reader needs the whole list
  const nlohmann::json schema = nlohmann::json::parse(plugin.schema, nullptr, false);
  nlohmann::json backend = nlohmann::json::object();
  if (schema.is_object()) backend = schema.value(nlohmann::json::json_pointer{"/$defs/backend"}, nlohmann::json::object());
  if (!backend.is_object()) backend = nlohmann::json::object();
  std::set<std::string> wanted;
  for (const nlohmann::json& name : backend.value("required", nlohmann::json::array())) wanted.insert(name.get<std::string>());
  const nlohmann::json properties = backend.value("properties", nlohmann::json::object());

  std::string text = "# How dispytch-conformance reaches a broker through the plugin " + plugin.id +
                     ". `dispytch-conformance --help-config` describes each key.\n";
  std::string options;
  for (const std::string& name : wanted) options += option_lines(name, properties.value(name, nlohmann::json::object()), true);
  std::size_t shown = 0, left = 0;
  for (const auto& [name, property] : properties.items()) {
    if (wanted.contains(name) || !property.is_object()) continue;
    if (shown++ < kMost) {
      options += option_lines(name, property, false);
    } else {
      ++left;
    }
  }
  if (left > 0) options += say("  # and ", left, " more: `dispytch plugins inspect ", plugin.id, "` lists them\n");
  text += wanted.empty() ? "config: {}\n" : "config:\n";
  text += options;
  for (const auto& [name, property] : options_schema()["properties"].items()) {
    if (name == "config") continue;
    text += "\n" + wrapped(property["description"], "# ", 110);
    if (name == "topic") {
      text += "topic: " + property["default"].get<std::string>() + "\n";
    } else if (name == "network") {
      text += "# network: [ { upstream: \"127.0.0.1:6379\", listen: \"127.0.0.1:16379\" } ]\n";
    } else if (name == "commands") {
      text += "# commands: { stop: \"...\", start: \"...\" }\n";
    } else {
      text += "# " + name + ": " + placeholder(property).dump() + "\n";
    }
  }
  return text;
}

}  // namespace dispytch::conformance
