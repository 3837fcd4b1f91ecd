// `dispytch declare`: what a config file needs at its brokers and isn't there, and making it.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "border/document.hpp"
#include "border/extensions.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/open_config.hpp"
#include "cli/terminal.hpp"
#include "topic/name_template.hpp"

namespace dispytch::cli {
namespace {

constexpr std::chrono::seconds kDeclarePatience{60};

struct DeclareOptions {
  std::string config = {};
  bool dry_run = false;
  bool json = false;
};

// The topics that the file names for an emitter: those of the dead letters that it carries.
nlohmann::json topics_of(const config::Config& config, const std::string& emitter) {
  nlohmann::json topics = nlohmann::json::array();
  for (const auto& [name, listener] : config.listeners) {
    if (listener.dead_letter_emitter != emitter) continue;
    for (const config::TopicConfig& topic : listener.topics) {
      if (!topic.pattern.empty()) continue;
      topics.push_back(topic::fill_in(listener.dead_letter_topic, {.topic = topic.name, .listener = name, .group = listener.group}));
    }
  }
  return topics;
}

std::string document_of(const config::Config& config, const config::BackendConfig& backend) {
  nlohmann::json producers = nlohmann::json::array(), consumers = nlohmann::json::array();
  for (const auto& [name, emitter] : config.emitters) {
    if (emitter.backend != backend.name) continue;
    producers.push_back({{"name", name}, {"config", emitter.config}, {"topics", topics_of(config, name)}});
  }
  for (const auto& [name, listener] : config.listeners) {
    if (listener.backend != backend.name) continue;
    border::ConsumerDocument document{.group = listener.group, .instance = listener.instance, .config = listener.config};
    for (const config::TopicConfig& topic : listener.topics) {
      document.topics.push_back({.name = topic.name, .pattern = topic.pattern, .config = topic.config});
    }
    nlohmann::json& consumer = consumers.emplace_back(nlohmann::json::parse(border::consumer_document(document)));
    consumer["name"] = name;
  }
  return border::declare_document(backend.config, std::move(producers), std::move(consumers));
}

const char* word_of(const border::FindingRow& finding) {
  if (finding.made) return "made";
  if (finding.kind == DISPYTCH_MISSING) return "missing";
  return finding.kind == DISPYTCH_DIFFERS ? "differs" : "surplus";
}

std::string to_line(const std::string& backend, const border::FindingRow& finding) {
  std::string line = printable(backend) + ": " + word_of(finding) + ": " + printable(finding.object);
  if (finding.setting) line += ", " + printable(*finding.setting);
  if (finding.found) line += ": found " + printable(*finding.found);
  if (finding.wanted) line += std::string{finding.found ? ", wanted " : " ("} + printable(*finding.wanted) + (finding.found ? "" : ")");
  if (!finding.can_make && !finding.made) line += "; only the broker's own tools can mend that";
  return line;
}

nlohmann::ordered_json to_json(const std::string& backend, const border::FindingRow& finding) {
  nlohmann::ordered_json json{{"backend", backend}, {"what", word_of(finding)}, {"object", finding.object}};
  const auto say = [&](const char* name, const std::optional<std::string>& text) {
    json[name] = text ? nlohmann::ordered_json(*text) : nlohmann::ordered_json(nullptr);
  };
  say("setting", finding.setting);
  say("found", finding.found);
  say("wanted", finding.wanted);
  json["can_make"] = finding.can_make;
  return json;
}

int declare(const DeclareOptions& options) {
  const config::Config config = open_config(options.config);
  app::Signals signals;
  app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
  std::size_t left = 0, all = 0;
  for (const auto& [name, backend] : config.backends) {
    const auto declaration = signals.start([&] { return border::Declaration::of(backends.open(name)); });
    if (!declaration && declaration.error().code == ErrorCode::not_implemented) {
      std::cerr << printable(name) << ": " << printable(declaration.error().text) << '\n';
      ++left;
      continue;
    }
    const auto findings = signals.start(
        [&] { return declaration.value().declare(document_of(config, backend), !options.dry_run, kDeclarePatience).value(); });
    for (const border::FindingRow& finding : findings) {
      ++all;
      if (!finding.made) ++left;
      std::cout << (options.json ? json_text(to_json(name, finding)) : to_line(name, finding)) << '\n';
    }
  }
  if (!options.json && all == 0 && left == 0) std::cout << "nothing is missing\n";
  return left == 0 ? kDone : kFailed;
}

}  // namespace

void add_declare(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("declare", "Make what a config file needs at its brokers and isn't there");
  const auto options = std::make_shared<DeclareOptions>();
  command->add_option("CONFIG", options->config, "config file; else the environment variable DISPYTCH_CONFIG names it")
      ->envname("DISPYTCH_CONFIG")
      ->required()
      ->type_name("");
  command->add_flag("--dry-run", options->dry_run, "Only say what is missing or otherwise");
  command->add_flag("--json", options->json, "A JSON object for each finding");
  command->footer(
      "Example:\n  dispytch declare config/flights.kafka.yaml --dry-run\n\n"
      "It deletes nothing, and makes what the file names: topics of listeners, and of their dead letters. It ends with exit code 1 where\n"
      "something is left that it has not made.");
  command->callback([&action, options] { action = [options] { return declare(*options); }; });
}

}  // namespace dispytch::cli
