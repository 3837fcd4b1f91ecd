// `dispytch plugins`: what can stand behind `plugin:` here.
#include <unistd.h>
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "border/capabilities.hpp"
#include "border/inspect.hpp"
#include "border/library.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

void print_table(const std::vector<border::FoundPlugin>& plugins) {
  std::vector<std::array<std::string, 4>> rows;
  for (const border::FoundPlugin& plugin : plugins) {
    if (plugin.info) {
      rows.push_back({printable(plugin.info->id), printable(plugin.info->version),
                      border::capabilities_to_string(plugin.info->capabilities), printable(plugin.path.string())});
    }
  }
  std::array<std::size_t, 4> widths = {};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const Colours colours{STDOUT_FILENO};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::cout << (i == 0 ? colours.bold(row[i]) : row[i]);
      if (i + 1 < row.size()) std::cout << std::string(widths[i] - row[i].size() + 2, ' ');
    }
    std::cout << '\n';
  }
}

nlohmann::ordered_json to_json(const border::FoundPlugin& plugin) {
  nlohmann::ordered_json json{{"path", plugin.path.string()}};
  if (!plugin.info) {
    json["error"] = plugin.info.error().text;
    return json;
  }
  json["id"] = plugin.info->id;
  json["version"] = plugin.info->version;
  json["capabilities"] = nlohmann::ordered_json::array();
  for (const border::CapabilityName& capability : border::capability_names()) {
    if ((plugin.info->capabilities & capability.bit) != 0) json["capabilities"].push_back(capability.name);
  }
  return json;
}

int list_plugins(bool json) {
  const std::vector<border::FoundPlugin> plugins = border::list();
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const border::FoundPlugin& plugin : plugins) all.push_back(to_json(plugin));
    std::cout << json_text(std::move(all), 2) << '\n';
  } else {
    print_table(plugins);
  }
  if (plugins.empty()) {
    std::cerr << "no plugins were found in:\n";
    for (const std::filesystem::path& place : border::search_places({})) std::cerr << "  " << printable(place.string()) << '\n';
  }
  int exit_code = kDone;
  for (const border::FoundPlugin& plugin : plugins) {
    if (plugin.info) continue;
    std::cerr << printable(plugin.path.string() + ": " + plugin.info.error().text) << '\n';
    exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace

void add_plugins(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("plugins", "List the broker plugins that are found here, and what each can do");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "A JSON array");
  command->footer("Example:\n  dispytch plugins\n\nPlugins in folders of your own: DISPYTCH_PLUGIN_PATH=/opt/plugins dispytch plugins");
  command->require_subcommand(0, 1);
  add_plugins_inspect(*command, action);
  command->callback([&action, command, json] {
    if (command->get_subcommands().empty()) action = [json] { return list_plugins(*json); };
  });
}

}  // namespace dispytch::cli
