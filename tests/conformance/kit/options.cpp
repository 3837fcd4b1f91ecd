#include "kit/options.hpp"

#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "config/problem_list.hpp"
#include "config/read_file.hpp"
#include "config/tree.hpp"
#include "options_schema.hpp"
#include "schema/schema.hpp"

namespace dispytch::conformance {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

// Checks what stands at `pointer`, if anything does, and writes durations and sizes as integers.
void apply(const schema::Schema& schema, nlohmann::json& value, const std::string& pointer, config::ProblemList& problems) {
  for (const schema::Violation& violation : schema.apply(value))
    problems.add(pointer + violation.pointer, violation.about_key, violation.text);
}

schema::Schema compile(const nlohmann::json& document, std::string_view definition) {
  Result<schema::Schema> compiled = schema::Schema::compile(document, definition);
  if (!compiled) throw std::runtime_error{"the plugin's config_schema: " + compiled.error().text};
  return std::move(*compiled);
}

template <class T>
void read(const nlohmann::json& value, const char* name, T& out) {
  if (value.contains(name)) out = value[name].get<T>();
}

void read(const nlohmann::json& value, const char* name, std::chrono::milliseconds& out) {
  if (value.contains(name)) out = std::chrono::milliseconds{value[name].get<std::int64_t>()};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

void read_network(const nlohmann::json& value, Options& options) {
  if (value.contains("network")) {
    for (const nlohmann::json& way : value["network"]) {
      Way& one = options.network.emplace_back();
      read(way, "upstream", one.upstream);
      read(way, "listen", one.listen);
      read(way, "direct", one.direct);
    }
  }
  if (!value.contains("commands")) return;
  const nlohmann::json& commands = value["commands"];
  read(commands, "stop", options.commands.stop);
  read(commands, "start", options.commands.start);
  read(commands, "freeze", options.commands.freeze);
  read(commands, "thaw", options.commands.thaw);
  read(commands, "list", options.commands.list);
}

}  // namespace

const nlohmann::json& options_schema() {
  static const nlohmann::json schema = nlohmann::json::parse(kOptionsSchema);
  return schema;
}

Options Options::for_job(std::size_t job) const {
  Options one = *this;
  for (std::string* const name : {&one.topic, &one.second_topic, &one.bounded_topic}) {
    *name = replaced(*name, "{job}", std::to_string(job));
  }
  return one;
}

Options parse_options(const std::string& yaml, const std::filesystem::path& file, const nlohmann::json& plugin_schema) {
  config::Tree tree = config::parse_yaml(yaml, {.environment = environment, .file = config::read_file, .folder = file.parent_path()});
  if (tree.value.is_null()) tree.value = nlohmann::json::object();
  config::ProblemList problems{file.string(), tree};
  if (tree.complete) {
    apply(compile(options_schema(), {}), tree.value, "", problems);
    const std::pair<const char*, const char*> parts[] = {{"config", "backend"}, {"producer", "producer"}, {"consumer", "consumer"}};
    for (const auto& [key, definition] : parts) {
      if (tree.value.is_object() && tree.value.contains(key))
        apply(compile(plugin_schema, definition), tree.value[key], std::string{"/"} + key, problems);
    }
  }
  if (const config::Problems found = std::move(problems).sorted(); !found.empty()) throw std::runtime_error{config::report(found)};

  Options options;
  const nlohmann::json& value = tree.value;
  read(value, "config", options.config);
  read(value, "producer", options.producer);
  read(value, "consumer", options.consumer);
  read(value, "topic", options.topic);
  read(value, "missing_topic", options.missing_topic);
  read(value, "pattern", options.pattern);
  read(value, "bounded_topic", options.bounded_topic);
  read(value, "bounded_messages", options.bounded_messages);
  read(value, "capacity", options.capacity);
  read(value, "refused_config", options.refused_config);
  read(value, "large_bytes", options.large_bytes);
  read(value, "too_big_bytes", options.too_big_bytes);
  read(value, "patience", options.patience);
  read(value, "quiet", options.quiet);
  read(value, "second_topic", options.second_topic);
  read(value, "queue_messages", options.queue_messages);
  read(value, "refused_login", options.refused_login);
  read(value, "slack", options.slack);
  read(value, "lease", options.lease);
  read(value, "down_within", options.down_within);
  if (value.contains("survives")) {
    const std::string survives = value["survives"];
    options.survives = survives == "kill" ? Survives::kill : survives == "cut" ? Survives::cut : Survives::nothing;
  }
  read_network(value, options);
  return options;
}

Options read_options(const std::filesystem::path& file, const nlohmann::json& plugin_schema) {
  const Result<std::string> text = config::read_file(file);
  if (!text) throw std::runtime_error{file.string() + ": " + text.error().text};
  return parse_options(*text, file, plugin_schema);
}

}  // namespace dispytch::conformance
