#include "cli/open_config.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/wiring.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "codec/utf8.hpp"
#include "config/load.hpp"
#include "topic/pattern.hpp"

namespace dispytch::cli {

void add_config_option(CLI::App& command, std::string& file) {
  command.add_option("--config", file, "Config file; else the environment variable DISPYTCH_CONFIG names it")
      ->envname("DISPYTCH_CONFIG")
      ->type_name("FILE")
      ->required();
}

std::string require_utf8(const std::string& word) {
  return codec::find_invalid_utf8(word) == std::string::npos ? "" : "expected UTF-8, found " + printable(word);
}

config::Config open_config(const std::string& file) {
  config::Config config = config::load_or_throw(file, app::load_options_of_this_process());
  log::configure(log::Level::warning, config.logging.format);
  return config;
}

const WireForm& wire_of(const config::BackendConfig& backend, const std::string& topic) {
  if (const auto named = backend.topic_wire.find(topic); named != backend.topic_wire.end()) return named->second;
  for (const auto& [text, wire] : backend.topic_wire) {
    if (topic::Pattern{text}.matches(topic)) return wire;
  }
  return backend.wire;
}

void say_what_stays_behind(const border::Adapter& adapter, const std::string& group) {
  if (group.empty()) return;
  std::cerr << "the plugin `" << printable(std::string{adapter.library().id()}) << "` can't look without leaving something behind: group `"
            << printable(group) << "` stays at the broker until somebody deletes it\n";
}

void fail_unknown(std::string_view kind, const std::string& name, const std::vector<std::string>& known, const config::Config& config) {
  std::string text =
      "no " + std::string{kind} + " `" + name + "` in " + config.file.string() + (known.size() == 1 ? "; there is: " : "; there are: ");
  for (const std::string& each : known) text += (&each == &known.front() ? "" : ", ") + each;
  throw UsageError{text + (known.empty() ? "none" : "")};
}

}  // namespace dispytch::cli
