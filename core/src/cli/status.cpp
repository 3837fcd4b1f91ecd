// `dispytch status`: what a running application has in hand, and what that waits for.
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/control.hpp"
#include "cli/json_document.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

using nlohmann::ordered_json;

struct StatusOptions {
  ControlOptions control = {};
  bool json = false;
};

std::string text_of(const ordered_json& object, const char* key) {
  if (!object.contains(key)) return "-";
  return printable(object[key].is_string() ? object[key].get<std::string>() : json_text(object[key]));
}

// 1500 ms as "1.5 s": to be read, not to be computed with.
std::string duration(std::int64_t milliseconds) {
  if (milliseconds < 1'000) return std::to_string(milliseconds) + " ms";
  if (milliseconds < 60'000) return std::to_string(milliseconds / 1'000) + "." + std::to_string(milliseconds / 100 % 10) + " s";
  return std::to_string(milliseconds / 60'000) + " min " + std::to_string(milliseconds / 1'000 % 60) + " s";
}

void write_oldest(const ordered_json& oldest) {
  if (oldest.empty()) return;
  std::vector<std::vector<std::string>> rows{{"TOPIC", "PARTITION", "OFFSET", "KEY", "AGE", "ATTEMPTS", "WAITS FOR", "HANDLER", "REASON"}};
  for (const ordered_json& one : oldest) {
    rows.push_back({text_of(one, "topic"), text_of(one, "partition"), text_of(one, one.contains("offset") ? "offset" : "id"),
                    text_of(one, "key"), duration(one.value("age_ms", std::int64_t{0})), text_of(one, "attempts"),
                    text_of(one, "waits_for"), text_of(one, "handler"), text_of(one, "reason")});
  }
  write_table(std::cout, rows, "  ");
}

void write_status(const ordered_json& status) {
  const Colours colours{STDOUT_FILENO};
  const ordered_json& unready = status.at("unready");
  std::cout << colours.bold(text_of(status, "application")) << ": " << (unready.empty() ? colours.green("ready") : colours.red("not ready"))
            << '\n';
  for (const ordered_json& reason : unready) std::cout << "  " << printable(reason.get<std::string>()) << '\n';
  for (const ordered_json& listener : status.at("listeners")) {
    std::cout << "\nlistener " << colours.bold(text_of(listener, "listener"));
    if (listener.contains("group")) std::cout << ", group " << text_of(listener, "group");
    if (!listener.value("answers", false)) std::cout << colours.red(" does not answer");
    std::cout << '\n';
    for (const auto& [name, value] : listener.items()) {
      if (!value.is_number() || value == 0) continue;
      std::string words = printable(name);
      std::ranges::replace(words, '_', ' ');
      std::cout << "  " << words << ": " << grouped(value.get<std::uint64_t>()) << '\n';
    }
    write_oldest(listener.at("oldest"));
  }
}

int status(const StatusOptions& options) {
  const ordered_json status = ask_application(options.control, {{"do", "status"}});
  if (options.json) {
    std::cout << json_text(status, 2) << '\n';
  } else {
    write_status(status);
  }
  return kDone;
}

}  // namespace

void add_status(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("status", "Show what a running application has in hand, and what that waits for");
  const auto options = std::make_shared<StatusOptions>();
  add_control_options(*command, options->control);
  command->add_flag("--json", options->json, "As JSON");
  command->footer("Example:\n  dispytch status --config orders.yaml\n\nThe application's config file needs `control: { socket: PATH }`.");
  command->callback([&action, options] { action = [options] { return status(*options); }; });
}

}  // namespace dispytch::cli
