#include "cli/control.hpp"

#include <CLI/CLI.hpp>

#include <dispytch/result.hpp>

#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/open_config.hpp"
#include "operate/control_socket.hpp"

namespace dispytch::cli {

using nlohmann::ordered_json;

void add_control_options(CLI::App& command, ControlOptions& options) {
  command.add_option("--config", options.config, "The application's config file; else the environment variable DISPYTCH_CONFIG names it")
      ->envname("DISPYTCH_CONFIG")
      ->type_name("FILE");
  command.add_option("--socket", options.socket, "Its `control.socket`, where the config file isn't at hand")->type_name("PATH");
}

ordered_json ask_application(const ControlOptions& options, const ordered_json& request) {
  std::string socket = options.socket;
  if (socket.empty()) {
    if (options.config.empty()) throw UsageError{"which application? say --config FILE, or --socket PATH"};
    socket = open_config(options.config).control_socket.string();
    if (socket.empty()) {
      throw UsageError{options.config + " has no `control: { socket: PATH }`; without it the application can't be reached"};
    }
  }
  const std::string said = operate::ask(socket, json_text(request));
  ordered_json answer = ordered_json::parse(said, nullptr, false);
  if (answer.is_object() && answer.contains("ok")) return answer["ok"];
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
    throw Exception{ErrorCode::invalid, answer["error"].get<std::string>()};
  }
  throw Exception{ErrorCode::unavailable, "what answers at " + socket + " is no application over dispytch"};
}

}  // namespace dispytch::cli
