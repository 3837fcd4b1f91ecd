// `dispytch skip`: lets one message go by hand, on the record.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "border/extensions.hpp"
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
  std::vector<std::string> place = {};
  bool offline = false;
};

// The message, by partition and offset, or by its id.
struct Named {
  std::optional<std::int32_t> partition = {};
  std::int64_t offset = 0;
  std::string id = {};

  std::string text() const { return partition ? std::to_string(*partition) + ":" + std::to_string(offset) : printable(id); }
};

template <class T>
T number(const std::string& text, const char* what) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < 0) {
    throw UsageError{std::string{what} + ": expected a whole number, 0 or more, found \"" + text + "\""};
  }
  return value;
}

Named read_place(const std::vector<std::string>& words) {
  if (words.size() == 1) return {.id = words[0]};
  return {.partition = number<std::int32_t>(words[0], "PARTITION"), .offset = number<std::int64_t>(words[1], "OFFSET")};
}

// Moves the group past the message, where it is the next one: a listener that runs would move it back.
void skip_offline(const SkipOptions& options, const Named& message) {
  if (options.control.config.empty()) throw UsageError{"--offline needs the config file: --config FILE"};
  if (!message.partition) throw UsageError{"--offline needs the message's partition and offset; a group's position is moved past it"};
  const config::Config config = open_config(options.control.config);
  const config::ListenerConfig& listener = named(config.listeners, "listener", options.listener, config);
  if (listener.group.empty()) throw UsageError{"listener `" + listener.name + "` has no group, and so no position"};
  app::Signals signals;
  app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
  const auto groups = signals.start([&] { return border::Groups::of(backends.open(listener.backend)).value(); });
  const auto rows = signals.start([&] { return groups.positions(listener.group, options.topic, kAdminPatience).value(); });
  const auto row = std::ranges::find_if(rows, [&](const border::PositionRow& each) { return each.partition == message.partition; });
  if (row == rows.end()) throw UsageError{"topic " + options.topic + " has no partition " + std::to_string(*message.partition)};
  const std::string group = "group " + listener.group;
  if (!row->offset) throw UsageError{group + " has no position there, so nothing of that partition was handled yet"};
  if (*row->offset > message.offset)
    throw UsageError{group + " is past that message already: it goes on at " + std::to_string(*row->offset)};
  if (*row->offset < message.offset) {
    throw UsageError{group + " goes on at " + std::to_string(*row->offset) +
                     ": what lies between would be skipped as well. To do that, say " + "`dispytch positions reset`"};
  }
  const border::Move move{.topic = options.topic, .partition = message.partition, .value = message.offset + 1};
  groups.move(listener.group, {&move, 1}, false, kAdminPatience).value();
}

int skip(const SkipOptions& options) {
  const Named message = read_place(options.place);
  if (options.offline) {
    skip_offline(options, message);
  } else if (message.partition) {
    ask_application(options.control, {{"do", "skip"},
                                      {"listener", options.listener},
                                      {"topic", options.topic},
                                      {"partition", *message.partition},
                                      {"offset", message.offset}});
  } else {
    ask_application(options.control, {{"do", "skip"}, {"listener", options.listener}, {"topic", options.topic}, {"id", message.id}});
  }
  std::cout << "skipped: " << printable(options.topic) << " " << message.text() << '\n';
  return kDone;
}

}  // namespace

void add_skip(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("skip", "Let a message go that a running listener holds, or tries again and again");
  const auto options = std::make_shared<SkipOptions>();
  add_control_options(*command, options->control);
  command->add_option("LISTENER", options->listener, "a listener of the application")->required()->type_name("");
  command->add_option("TOPIC", options->topic, "the message's topic")->required()->check(require_utf8)->type_name("");
  command->add_option("MESSAGE", options->place, "its partition and its offset; or its id, where it has no offset")
      ->required()
      ->expected(1, 2)
      ->check(require_utf8)
      ->type_name("");
  command->add_flag("--offline", options->offline,
                    "The listener doesn't run: its group is moved past the message, which must be the next one of its partition");
  command->footer(
      "Example:\n  dispytch skip --config orders.yaml billing orders 2 1234\n\n"
      "The message is settled without having been handled: for good, and for every handler of that listener. The application logs it with\n"
      "your name. `dispytch status` shows which messages wait.\n\nWith --offline the broker is told, and nobody else: the backend's plugin "
      "must offer the extension " DISPYTCH_EXTENSION_GROUPS ".");
  command->callback([&action, options] { action = [options] { return skip(*options); }; });
}

}  // namespace dispytch::cli
