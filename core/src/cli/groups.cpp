// `dispytch groups`: the consumer groups of a broker, and forgetting one.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "border/extensions.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/open_config.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

struct GroupsOptions {
  std::string config = {};
  std::string backend = {};
  std::string group = {};
  bool json = false;
  bool yes = false;
};

// The backend that is meant: the one named, or the only one there is.
const std::string& backend_of(const config::Config& config, const std::string& named_backend) {
  if (!named_backend.empty()) return named(config.backends, "backend", named_backend, config).name;
  if (config.backends.size() == 1) return config.backends.begin()->first;
  std::string list;
  for (const auto& [name, backend] : config.backends) list += (list.empty() ? "" : ", ") + name;
  throw UsageError{config.file.string() + " has several backends: " + list + "; say which one is meant: --backend NAME"};
}

int list(const GroupsOptions& options) {
  const config::Config config = open_config(options.config);
  app::Signals signals;
  const app::Signals::PromptEnd prompt{signals, kFailed};  // it only looks
  app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
  const auto rows = signals.start(
      [&] { return border::Groups::of(backends.open(backend_of(config, options.backend))).value().list(kAdminPatience).value(); });
  if (options.json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const border::GroupRow& row : rows) {
      nlohmann::ordered_json& one = all.emplace_back(nlohmann::ordered_json{{"group", row.name}});
      one["members"] = row.members ? nlohmann::ordered_json(*row.members) : nlohmann::ordered_json(nullptr);
      one["state"] = row.state ? nlohmann::ordered_json(*row.state) : nlohmann::ordered_json(nullptr);
    }
    std::cout << json_text(all) << '\n';
    return kDone;
  }
  if (rows.empty()) {
    std::cout << "there is no group\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> table{{"GROUP", "MEMBERS", "STATE"}};
  for (const border::GroupRow& row : rows) {
    table.push_back({printable(row.name), row.members ? std::to_string(*row.members) : "-", row.state ? printable(*row.state) : "-"});
  }
  write_table(std::cout, table);
  return kDone;
}

int forget(const GroupsOptions& options) {
  const config::Config config = open_config(options.config);
  app::Signals signals;
  app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
  const auto groups = signals.start([&] { return border::Groups::of(backends.open(backend_of(config, options.backend))).value(); });
  const auto rows = signals.start([&] { return groups.positions(options.group, std::nullopt, kAdminPatience).value(); });
  std::cout << "group " << printable(options.group) << " has " << grouped(rows.size()) << (rows.size() == 1 ? " position" : " positions")
            << '\n';
  if (!options.yes) {
    std::cout << "nothing was forgotten; say --yes to forget the group for good: a listener that uses its name begins at its `start`\n";
    return kDone;
  }
  groups.forget(options.group, kAdminPatience).value();
  std::cout << "forgotten\n";
  return kDone;
}

void add_options(CLI::App& command, GroupsOptions& options) {
  add_config_option(command, options.config);
  command.add_option("--backend", options.backend, "A backend of the config file; needed where there are several")->type_name("NAME");
}

}  // namespace

void add_groups(CLI::App& program, Action& action) {
  CLI::App* const groups = program.add_subcommand("groups", "The consumer groups of a broker, and forgetting one");
  groups->require_subcommand(1);
  groups->footer(
      "Example:\n  dispytch groups list --config orders.yaml\n\nIt needs a backend whose plugin offers the "
      "extension " DISPYTCH_EXTENSION_GROUPS ".");
  const auto options = std::make_shared<GroupsOptions>();
  CLI::App* const list_command = groups->add_subcommand("list", "A line for each group");
  add_options(*list_command, *options);
  list_command->add_flag("--json", options->json, "As JSON");
  list_command->footer("Example:\n  dispytch groups list --config orders.yaml");
  list_command->callback([&action, options] { action = [options] { return list(*options); }; });
  CLI::App* const forget_command = groups->add_subcommand("forget", "Forget a group, and all positions of it, for good");
  add_options(*forget_command, *options);
  forget_command->add_option("GROUP", options->group, "the group, which has no members any more")
      ->required()
      ->check(require_utf8)
      ->type_name("");
  forget_command->add_flag("--yes", options->yes, "Forget it; without it the command only says what would go");
  forget_command->footer("Example:\n  dispytch groups forget --config orders.yaml billing-test --yes");
  forget_command->callback([&action, options] { action = [options] { return forget(*options); }; });
}

}  // namespace dispytch::cli
