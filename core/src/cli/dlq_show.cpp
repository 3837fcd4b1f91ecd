// `dispytch dlq show`: all of one dead letter.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "cli/dlq.hpp"
#include "cli/json_document.hpp"
#include "cli/terminal.hpp"
#include "text/escape.hpp"

namespace dispytch::cli {
namespace {

struct DlqShowOptions {
  BoxOptions box = {};
  std::string place = {};
};

std::string payload_text(const Message& message) {
  const auto payload = message.payload();
  if (!payload) return "payload: none, a tombstone\n";
  JsonDocument json;
  const std::string size = std::to_string(payload->size()) + " bytes";
  if (json.read(*payload)) return "payload, " + size + ", no JSON:\n" + printable(*payload) + "\n";
  return "payload, " + size + ":\n" + text::escape_json(indented(json.root())) + "\n";
}

int show(const DlqShowOptions& options) {
  LetterPlace place = parse_place(options.place);
  Desk desk{options.box};
  place.topic = desk.box.topic_of(place);
  app::Signals signals;
  const app::Signals::PromptEnd prompt{signals, kFailed};  // it only looks: nothing is ever in hand
  ReaderOptions read{};
  if (!place.id) read.only = place;  // else all are read, up to the one that is meant
  const auto reader = open_reader(signals, desk, read);
  bool found = false;
  read_letters(*reader, desk.box, signals.token(), [&](const Message& message, const Letter& letter) {
    if (!place.is_of(letter)) return true;
    found = true;
    std::cout << to_line(letter) << "\nkey: " << (message.key() ? printable(*message.key()) : "none") << "\nheaders:\n";
    for (const Header& header : message.headers()) {
      std::cout << "  " << printable(header.key) << (header.value ? ": " + printable(*header.value) : " (no value)") << '\n';
    }
    std::cout << payload_text(message);
    return false;
  });
  std::cout.flush();  // closing the reader may wait for the broker
  if (found) return kDone;
  signals.throw_if_interrupted();
  throw Exception{ErrorCode::not_found, "there is no letter at " + to_string(place) + "; `dispytch dlq list` shows those there are"};
}

}  // namespace

void add_dlq_show(CLI::App& dlq, Action& action) {
  CLI::App* const command = dlq.add_subcommand("show", "All headers and the payload of one dead letter");
  const auto options = std::make_shared<DlqShowOptions>();
  add_box_options(*command, options->box);
  command->add_option("LETTER", options->place, "where it lies, [TOPIC/]PARTITION:OFFSET, or [TOPIC/]id:ID where there is no offset")
      ->required()
      ->type_name("");
  command->footer(
      "Example:\n  dispytch dlq show --config orders.yaml billing 0:12\n\nThe letter's place is what `dispytch dlq list` begins its line "
      "with.");
  command->callback([&action, options] { action = [options] { return show(*options); }; });
}

}  // namespace dispytch::cli
