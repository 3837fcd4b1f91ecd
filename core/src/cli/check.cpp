// `dispytch check FILE...`: every mistake of a config file in one run.
#include <unistd.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/ask_plugin.hpp"
#include "border/inspect.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/terminal.hpp"
#include "config/load.hpp"

namespace dispytch::cli {
namespace {

struct CheckOptions {
  std::vector<std::string> files = {};
  bool json = false;
};

// Plugins are asked for their schemas in a process of their own: a checker must survive what it checks.
Result<config::PluginInfo> look_at(std::string_view plugin, const std::vector<std::filesystem::path>& paths) {
  Result<border::PluginInfo> info = border::inspect(plugin, {.config_paths = paths});
  if (!info) return std::move(info).error();
  nlohmann::json schema = nlohmann::json::parse(info->schema, nullptr, false);
  if (schema.is_discarded()) {
    return Error{.code = ErrorCode::config, .text = "the config schema of plugin `" + info->id + "` is no JSON; its author has to mend it"};
  }
  return config::PluginInfo{.id = info->id, .schema = std::move(schema), .capabilities = info->capabilities};
}

config::Problems check_file(const std::string& file) {
  config::LoadOptions options;
  options.plugin = look_at;
  options.judge = app::ask_plugin;
  const config::Loaded loaded = config::load(file, options);
  return loaded ? config::Problems{} : loaded.error();
}

void print_text(const std::string& file, const config::Problems& problems) {
  const Colours colours{STDOUT_FILENO};
  if (problems.empty()) {
    std::cout << printable(file) << ": " << colours.green("no mistakes found") << '\n';
    return;
  }
  for (const config::Problem& problem : problems) std::cout << printable_lines(to_string(problem)) << '\n';
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

int check(const CheckOptions& options) {
  bool any = false;
  for (const std::string& file : options.files) {
    const config::Problems problems = check_file(file);
    any = any || !problems.empty();
    if (options.json) {
      std::cout << json_text(to_json(file, problems)) << '\n';
    } else {
      print_text(file, problems);
    }
  }
  return any ? kUsage : kDone;
}

}  // namespace

void add_check(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("check", "Say what is wrong with config files, all of it, at file:line:column");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->files, "config files, YAML or JSON")->required()->type_name("");
  command->add_flag("--json", options->json, "One JSON object for each file");
  command->footer("Example:\n  dispytch check config/flights.kafka.yaml");
  command->callback([&action, options] { action = [options] { return check(*options); }; });
}

}  // namespace dispytch::cli
