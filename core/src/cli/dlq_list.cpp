// `dispytch dlq list`: a line for each dead letter there is.
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "base/clock.hpp"
#include "cli/dlq.hpp"
#include "cli/json_document.hpp"
#include "cli/letter_filter.hpp"

namespace dispytch::cli {
namespace {

struct DlqListOptions {
  BoxOptions box = {};
  std::vector<std::string> filter = {};
  std::uint64_t limit = 0;
  bool json = false;
};

void write_line(const std::string& line) {
  errno = 0;
  if (!(std::cout << line << '\n')) throw std::system_error{errno, std::generic_category(), "standard output can't be written"};
}

int list(const DlqListOptions& options) {
  const LetterFilter filter{options.filter, system_clock().unix_ms()};
  Desk desk{options.box};
  app::Signals signals;
  const app::Signals::PromptEnd prompt{signals, kFailed};  // it only looks: nothing is ever in hand
  const auto reader = open_reader(signals, desk, {});
  Tally tally;
  bool limited = false;
  read_letters(*reader, desk.box, signals.token(), [&](const Message&, const Letter& letter) {
    if (!filter.matches(letter)) return true;
    if (options.limit != 0 && tally.count() == options.limit) {
      limited = true;
      return false;
    }
    tally.add(letter);
    write_line(options.json ? json_text(to_json(letter)) : to_line(letter));
    return true;
  });
  if (!options.json) {
    write_line(tally.text() + (limited ? "; there are more" : "") + (signals.token().stop_requested() ? "; interrupted" : ""));
  }
  std::cout.flush();  // closing the reader may wait for the broker
  return signals.token().stop_requested() ? kFailed : kDone;
}

}  // namespace

void add_dlq_list(CLI::App& dlq, Action& action) {
  CLI::App* const command = dlq.add_subcommand("list", "A line for each dead letter, and how many there are of each reason");
  const auto options = std::make_shared<DlqListOptions>();
  add_box_options(*command, options->box);
  command->add_option("--filter", options->filter, kFilterHelp)->allow_extra_args(false)->type_name("NAME=VALUE");
  command->add_option("--limit", options->limit, "End after so many letters")->check(CLI::PositiveNumber)->type_name("N");
  command->add_flag("--json", options->json, "A JSON object for each letter");
  command->footer(
      "Example:\n  dispytch dlq list --config orders.yaml billing --filter reason=failed --filter since=2h\n\n"
      "It shows all letters that are kept, replayed or not, oldest first of each partition, and changes nothing.");
  command->callback([&action, options] { action = [options] { return list(*options); }; });
}

}  // namespace dispytch::cli
