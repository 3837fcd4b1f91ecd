// `dispytch check FILE...`: every mistake of a config file in one run.
#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "border/adapter.hpp"
#include "border/document.hpp"
#include "border/inspect.hpp"
#include "border/library.hpp"
#include "command.hpp"
#include "config/load.hpp"
#include "terminal.hpp"

namespace dispytch::cli {
namespace {

constexpr std::chrono::seconds kOpenTimeout{5};

struct Options {
  std::vector<std::string> files = {};
  bool json = false;
};

// Plugins are asked in a process of their own: a checker must survive what it checks.
config::LoadOptions load_options() {
  config::LoadOptions options;
  options.plugin = [](std::string_view plugin, const std::vector<std::filesystem::path>& paths) -> Result<config::PluginInfo> {
    Result<border::PluginInfo> info = border::inspect(plugin, {.config_paths = paths});
    if (!info) return std::move(info).error();
    nlohmann::json schema = nlohmann::json::parse(info->schema, nullptr, false);
    if (schema.is_discarded()) {
      return Error{.code = ErrorCode::config,
                   .text = "the config schema of plugin `" + info->id + "` is no JSON; its author has to mend it"};
    }
    return config::PluginInfo{.id = info->id, .schema = std::move(schema), .capabilities = info->capabilities};
  };
  return options;
}

// What only the plugin itself can judge: the options of broker clients that its schema leaves open. Opening a backend tells; whether a
// broker answers is no matter of the file. Emitters and listeners aren't opened, since that would join consumer groups.
config::Problems refused_by_plugins(const config::Config& config) {
  config::Problems problems;
  for (const auto& [name, backend] : config.backends) {
    const Result<const border::Library*> library = border::load(backend.plugin, {.config_paths = config.plugin_paths});
    if (!library) continue;  // inspected a moment ago
    const auto opened =
        border::Adapter::open(**library, border::config_document(backend.config),
                              {.application = "dispytch", .version = DISPYTCH_VERSION, .clock = &system_clock()}, kOpenTimeout);
    if (!opened && opened.error().code == ErrorCode::config) {
      problems.push_back(config::plugin_problem(config, config::Section::backends, name, opened.error()));
    }
  }
  return problems;
}

config::Problems check_file(const std::string& file) {
  const config::Loaded loaded = config::load(file, load_options());
  return loaded ? refused_by_plugins(*loaded) : loaded.error();
}

void print_text(const std::string& file, const config::Problems& problems) {
  const Colours colours{STDOUT_FILENO};
  if (problems.empty()) {
    std::cout << file << ": " << colours.green("no mistakes found") << '\n';
    return;
  }
  for (const config::Problem& problem : problems) std::cout << to_string(problem) << '\n';
  std::cout << colours.red(std::to_string(problems.size()) + (problems.size() == 1 ? " error" : " errors")) << '\n';
}

nlohmann::ordered_json to_json(const std::string& file, const config::Problems& problems) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const config::Problem& problem : problems) {
    list.push_back({{"file", problem.file},
                    {"line", problem.position.line},
                    {"column", problem.position.column},
                    {"path", problem.path},
                    {"text", problem.text}});
  }
  return {{"file", file}, {"problems", std::move(list)}};
}

int check(const Options& options) {
  bool any = false;
  for (const std::string& file : options.files) {
    const config::Problems problems = check_file(file);
    any = any || !problems.empty();
    if (options.json) {
      std::cout << to_json(file, problems).dump() << '\n';
    } else {
      print_text(file, problems);
    }
  }
  return any ? kUsage : kDone;
}

}  // namespace

void add_check(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("check", "Say what is wrong with config files, all of it, at file:line:column");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "config files, YAML or JSON")->required()->type_name("");
  command->add_flag("--json", options->json, "One JSON object for each file");
  command->footer("Example:\n  dispytch check config/flights.kafka.yaml");
  command->callback([&action, options] { action = [options] { return check(*options); }; });
}

}  // namespace dispytch::cli
