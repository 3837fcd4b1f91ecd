// `dispytch skip`: lets one message go by hand, on the record.
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/control.hpp"
#include "cli/open_config.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

struct SkipOptions {
  ControlOptions control = {};
  std::string listener = {};
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

int skip(const SkipOptions& options) {
  ask_application(options.control, {{"do", "skip"},
                                    {"listener", options.listener},
                                    {"topic", options.topic},
                                    {"partition", options.partition},
                                    {"offset", options.offset}});
  std::cout << "skipped: " << printable(options.topic) << " " << options.partition << ":" << options.offset << '\n';
  return kDone;
}

}  // namespace

void add_skip(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("skip", "Let a message go that a running listener holds, or tries again and again");
  const auto options = std::make_shared<SkipOptions>();
  add_control_options(*command, options->control);
  command->add_option("LISTENER", options->listener, "a listener of the application")->required()->type_name("");
  command->add_option("TOPIC", options->topic, "the message's topic")->required()->check(require_utf8)->type_name("");
  command->add_option("PARTITION", options->partition, "its partition")->required()->check(CLI::NonNegativeNumber)->type_name("");
  command->add_option("OFFSET", options->offset, "its offset")->required()->type_name("");
  command->footer(
      "Example:\n  dispytch skip --config orders.yaml billing orders 2 1234\n\n"
      "The message is settled without having been handled: for good, and for every handler of that listener. The application logs it with\n"
      "your name. `dispytch status` shows which messages wait.");
  command->callback([&action, options] { action = [options] { return skip(*options); }; });
}

}  // namespace dispytch::cli
