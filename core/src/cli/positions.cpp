// `dispytch positions`: where a listener's group stands, and moving it.
#include <charconv>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command_line.hpp"
#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "base/clock.hpp"
#include "border/extensions.hpp"
#include "cli/command.hpp"
#include "cli/json_document.hpp"
#include "cli/open_config.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "codec/time_text.hpp"

namespace dispytch::cli {
namespace {

struct PositionsOptions {
  std::string config = {};
  std::string listener = {};
  std::vector<std::string> topics = {};
  std::optional<std::int32_t> partition = {};
  std::string to = {};
  bool json = false;
  bool yes = false;
};

// A listener's group at its broker.
struct Place {
  explicit Place(const PositionsOptions& options)
      : config{open_config(options.config)},
        listener{named(config.listeners, "listener", options.listener, config)},
        backends{config, "dispytch", DISPYTCH_VERSION} {
    if (listener.group.empty()) throw UsageError{"listener `" + listener.name + "` has no group, and so no positions"};
  }
  border::Groups groups() { return border::Groups::of(backends.open(listener.backend)).value(); }

  const config::Config config;
  const config::ListenerConfig& listener;
  app::Backends backends;
};

std::string or_nothing(const std::optional<std::int64_t>& number) { return number ? std::to_string(*number) : "-"; }

void write(const std::vector<border::PositionRow>& rows, bool json) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    const auto value = [](const auto& of) { return of ? nlohmann::ordered_json(*of) : nlohmann::ordered_json(nullptr); };
    for (const border::PositionRow& row : rows) {
      all.push_back({{"topic", row.topic},
                     {"partition", value(row.partition)},
                     {"position", value(row.offset)},
                     {"id", value(row.id)},
                     {"oldest", value(row.low)},
                     {"end", value(row.high)}});
    }
    std::cout << json_text(all) << '\n';
    return;
  }
  std::vector<std::vector<std::string>> table{{"TOPIC", "PARTITION", "POSITION", "OLDEST", "END", "BEHIND"}};
  for (const border::PositionRow& row : rows) {
    const std::string behind = row.offset && row.high ? std::to_string(*row.high - *row.offset) : "-";
    table.push_back({printable(row.topic), row.partition ? std::to_string(*row.partition) : "-",
                     row.id ? printable(*row.id) : or_nothing(row.offset), or_nothing(row.low), or_nothing(row.high), behind});
  }
  write_table(std::cout, table);
}

std::vector<border::PositionRow> positions_of(const border::Groups& groups, const std::string& group,
                                              const std::vector<std::string>& topics) {
  if (topics.empty()) return groups.positions(group, std::nullopt, kAdminPatience).value();
  std::vector<border::PositionRow> rows;
  for (const std::string& topic : topics) {
    for (border::PositionRow& row : groups.positions(group, topic, kAdminPatience).value()) rows.push_back(std::move(row));
  }
  return rows;
}

int show(const PositionsOptions& options) {
  Place place{options};
  app::Signals signals;
  const app::Signals::PromptEnd prompt{signals, kFailed};  // it only looks
  const auto groups = signals.start([&] { return place.groups(); });
  const auto rows = signals.start([&] { return positions_of(groups, place.listener.group, options.topics); });
  if (!options.json && rows.empty()) {
    std::cout << "group " << printable(place.listener.group) << " has no position\n";
    return kDone;
  }
  write(rows, options.json);
  return kDone;
}

// --to: earliest, latest, an offset, a time, how long ago.
border::Move move_to(const std::string& text) {
  if (text == "earliest") return {.to = DISPYTCH_MOVE_TO_EARLIEST};
  if (text == "latest") return {.to = DISPYTCH_MOVE_TO_LATEST};
  std::int64_t offset = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (problem == std::errc{} && end == text.data() + text.size() && offset >= 0) return {.to = DISPYTCH_MOVE_TO_OFFSET, .value = offset};
  if (const auto ago = app::parse_duration(text)) return {.to = DISPYTCH_MOVE_TO_TIME, .value = system_clock().unix_ms() - ago->count()};
  std::int64_t time_ms = 0;
  if (codec::parse_rfc3339(text, 1000, time_ms) == codec::TimeProblem::none) return {.to = DISPYTCH_MOVE_TO_TIME, .value = time_ms};
  throw UsageError{"--to: expected earliest, latest, an offset, a time such as 2026-01-02T03:04:05Z, or how long ago as `2h`, found \"" +
                   text + "\""};
}

// The topics to move in: those that are said, or those of the config file, or else those in which the group stands already.
std::vector<std::string> topics_to_move(const PositionsOptions& options, const config::ListenerConfig& listener,
                                        const border::Groups& groups) {
  if (!options.topics.empty()) return options.topics;
  std::set<std::string> topics;
  bool by_pattern = listener.topics.empty();
  for (const config::TopicConfig& topic : listener.topics) {
    if (topic.pattern.empty()) topics.insert(topic.name);
    by_pattern = by_pattern || !topic.pattern.empty();
  }
  if (by_pattern) {
    const auto rows = groups.positions(listener.group, std::nullopt, kAdminPatience);
    if (!rows && rows.error().code != ErrorCode::not_found) throw Exception{rows.error()};
    if (rows) {
      for (const border::PositionRow& row : *rows) topics.insert(row.topic);
    }
  }
  if (topics.empty()) {
    throw UsageError{"the config file names no topic of listener `" + listener.name + "`, and its group has no position; say --topic NAME"};
  }
  return {topics.begin(), topics.end()};
}

int reset(const PositionsOptions& options) {
  const border::Move to = move_to(options.to);
  Place place{options};
  if (options.partition && options.topics.size() != 1) throw UsageError{"--partition belongs to one topic; say --topic NAME"};
  app::Signals signals;
  const auto groups = signals.start([&] { return place.groups(); });
  std::vector<border::Move> moves;
  for (const std::string& topic : signals.start([&] { return topics_to_move(options, place.listener, groups); })) {
    border::Move& move = moves.emplace_back(to);
    move.topic = topic;
    move.partition = options.partition;
  }
  write(groups.move(place.listener.group, moves, !options.yes, kAdminPatience).value(), options.json);
  if (!options.yes) std::cerr << "nothing was moved; say --yes to move the group there\n";
  return kDone;
}

void add_options(CLI::App& command, PositionsOptions& options) {
  add_config_option(command, options.config);
  command.add_option("LISTENER", options.listener, "a listener of the config file")->required()->type_name("");
  command.add_option("--topic", options.topics, "This topic alone; may be given several times")->check(require_utf8)->type_name("NAME");
  command.add_flag("--json", options.json, "As JSON");
}

}  // namespace

void add_positions(CLI::App& program, Action& action) {
  CLI::App* const positions = program.add_subcommand("positions", "Where a listener's group stands at its broker, and moving it");
  positions->require_subcommand(1);
  positions->footer(
      "Example:\n  dispytch positions show --config orders.yaml billing\n\nIt needs a backend whose plugin offers the "
      "extension " DISPYTCH_EXTENSION_GROUPS ".");
  const auto options = std::make_shared<PositionsOptions>();
  CLI::App* const show_command = positions->add_subcommand("show", "A line for each partition in which the group has a position");
  add_options(*show_command, *options);
  show_command->footer(
      "Example:\n  dispytch positions show --config orders.yaml billing\n\nBEHIND counts offsets, of which not all need be messages.");
  show_command->callback([&action, options] { action = [options] { return show(*options); }; });
  CLI::App* const reset_command = positions->add_subcommand("reset", "Move the group: to an offset, a time, the beginning or the end");
  add_options(*reset_command, *options);
  reset_command->add_option("--partition", options->partition, "This partition alone, of the one --topic")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  reset_command->add_option("--to", options->to, "earliest, latest, an offset, a time such as 2026-01-02T03:04:05Z, or how long ago as 2h")
      ->required()
      ->type_name("PLACE");
  reset_command->add_flag("--yes", options->yes, "Move it; without it the command only says where it would stand");
  reset_command->footer(
      "Example:\n  dispytch positions reset --config orders.yaml billing --to 2h --yes\n\n"
      "The listener must not run: it would move the group back. Messages that it goes back over are handled again, those that it passes\n"
      "over never.");
  reset_command->callback([&action, options] { action = [options] { return reset(*options); }; });
}

}  // namespace dispytch::cli
