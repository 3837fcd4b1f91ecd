// `dispytch dlq replay`: sends dead letters back to where they came from.
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "base/clock.hpp"
#include "cli/dlq.hpp"
#include "cli/letter_filter.hpp"
#include "cli/open_config.hpp"
#include "cli/pacer.hpp"
#include "cli/replay_run.hpp"

namespace dispytch::cli {
namespace {

struct DlqReplayOptions {
  BoxOptions box = {};
  std::vector<std::string> filter = {};
  std::string rate = {};
  std::uint64_t limit = 0;
  std::string to = {};
  std::uint64_t max_replays = ReplayOptions::kMaxReplays;
  std::string emitter = {};
  bool dry_run = false;
  bool again = false;
  bool new_times = false;
};

// What writes to the listener's backend: that of dead letters where it does, else the only one that does.
std::string emitter_to(const DlqReplayOptions& options, const Desk& desk) {
  const std::string& backend = desk.box.listener().backend;
  if (!options.emitter.empty()) {
    const config::EmitterConfig& emitter = named(desk.config.emitters, "emitter", options.emitter, desk.config);
    if (emitter.backend == backend) return emitter.name;
    throw UsageError{"--emitter " + options.emitter + " writes to backend `" + emitter.backend + "`, and listener `" +
                     desk.box.listener().name + "` reads `" + backend + "`"};
  }
  if (desk.box.backend() == backend) return desk.box.emitter().name;
  std::vector<std::string> fitting;
  for (const auto& [name, emitter] : desk.config.emitters) {
    if (emitter.backend == backend) fitting.push_back(name);
  }
  if (fitting.size() == 1) return fitting.front();
  throw UsageError{std::string{fitting.empty() ? "no emitter" : "more than one emitter"} + " of " + desk.config.file.string() +
                   " writes to backend `" + backend + "`, which listener `" + desk.box.listener().name + "` reads" +
                   (fitting.empty() ? "; add one" : "; say which one is to be used: --emitter NAME")};
}

int replay(const DlqReplayOptions& options) {
  ReplayOptions run_options{.filter = {options.filter, system_clock().unix_ms()},
                            .to = options.to,
                            .per_second = options.rate.empty() ? 0 : parse_rate(options.rate),
                            .limit = options.limit,
                            .max_replays = options.max_replays,
                            .new_times = options.new_times,
                            .dry_run = options.dry_run};
  Desk desk{options.box};
  if (desk.box.holds(options.to)) throw UsageError{"--to " + options.to + " is a topic of dead letters itself; say another"};
  const std::string emitter_name = emitter_to(options, desk);

  app::Signals signals;
  std::optional<app::Signals::PromptEnd> prompt{std::in_place, signals, kFailed};
  const std::shared_ptr<border::Adapter> adapter = signals.start([&] { return desk.letters(); });
  ReaderOptions reader_options{.group = desk.box.replay_group(), .again = options.again};
  if (options.dry_run && can_look_on(adapter)) {
    reader_options = {.again = options.again, .as_group = desk.box.replay_group()};
  }
  const auto reader = open_reader(signals, desk, reader_options);
  std::optional<EventEmitter> emitter;
  if (!options.dry_run) emitter.emplace(signals.start([&] { return app::open_emitter(desk.config, emitter_name, desk.backends); }));
  prompt.reset();
  ReplayRun run{std::move(run_options), desk.box, *reader, emitter ? &*emitter : nullptr};
  run.run(signals.token());
  const int exit_code = run.finish(signals.token().stop_requested());
  prompt.emplace(signals, exit_code);  // every letter that was sent has its answer: what is left is to close
  return exit_code;
}

}  // namespace

void add_dlq_replay(CLI::App& dlq, Action& action) {
  CLI::App* const command = dlq.add_subcommand("replay", "Send dead letters back to the topic that they came from");
  const auto options = std::make_shared<DlqReplayOptions>();
  add_box_options(*command, options->box);
  command->add_option("--filter", options->filter, kFilterHelp)->allow_extra_args(false)->type_name("NAME=VALUE");
  command->add_option("--rate", options->rate, "At most so many, such as 100/s or 20/min; else as fast as the broker takes them")
      ->type_name("N/UNIT");
  command->add_option("--limit", options->limit, "End after so many letters")->check(CLI::PositiveNumber)->type_name("N");
  command->add_flag("--dry-run", options->dry_run, "Only say what would be sent where; changes nothing");
  command->add_flag("--again", options->again, "Begin with the oldest letter that is kept, not where the last replay ended");
  command->add_flag("--new-times", options->new_times,
                    "Give the messages the time of the replay, not their own: a topic that keeps messages for a time may else delete them "
                    "before they are read");
  command->add_option("--to", options->to, "Send to this topic on purpose, whatever the original one was")->type_name("TOPIC");
  command
      ->add_option("--max-replays", options->max_replays,
                   "Refuse a letter whose message was replayed so often already, so that no message goes round for ever")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--emitter", options->emitter, "Emitter of the config file to send by, where that doesn't follow")->type_name("NAME");
  command->footer(
      "Example:\n  dispytch dlq replay --config orders.yaml billing --filter reason=failed --rate 100/s\n\n"
      "It goes on where the last one ended, which it keeps in the consumer group GROUP.dlq, and ends with the last letter there was when "
      "it\n"
      "began. Original bytes, key, headers and time are sent, with the header dispytch-replays. Letters that other groups gave up are left "
      "to "
      "them.");
  command->callback([&action, options] { action = [options] { return replay(*options); }; });
}

}  // namespace dispytch::cli
