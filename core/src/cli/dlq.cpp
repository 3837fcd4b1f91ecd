// `dispytch dlq`: looks at a listener's dead letters, sends them back, deletes them.
#include "cli/dlq.hpp"

#include <cstdint>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/open_config.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

constexpr std::uint32_t kBatchLetters = 1024;

}  // namespace

Desk::Desk(const BoxOptions& options)
    : config{open_config(options.config)}, box{config, options}, backends{config, "dispytch", DISPYTCH_VERSION} {}

std::unique_ptr<LetterReader> open_reader(app::Signals& signals, Desk& desk, const ReaderOptions& options) {
  return signals.start([&] { return std::make_unique<LetterReader>(desk.config, desk.box, desk.letters(), options); });
}

void read_letters(LetterReader& reader, const LetterBox& box, const std::stop_token& stop,
                  const std::function<bool(const Message&, const Letter&)>& take) {
  if (reader.browses()) {
    for (auto messages = reader.browse(kBatchLetters, stop); !messages.empty(); messages = reader.browse(kBatchLetters, stop)) {
      for (const dispytch_message& raw : messages) {
        const Message message{raw, nullptr, nullptr};  // its headers are in place
        if (!take(message, box.read(message))) return;
      }
    }
    return;
  }
  while (const auto batch = reader.next(kBatchLetters, stop)) {
    for (const dispytch_message& raw : batch->messages()) {
      if (!reader.was_there(raw)) continue;
      const Message message{raw, &reader.consumer().api(), reader.consumer().raw()};
      if (!take(message, box.read(message))) return;
    }
  }
}

void Tally::add(const Letter& letter) {
  ++count_;
  ++by_reason_[letter.is_one() ? printable(*letter.reason) : "no dead letter"];
}

std::string Tally::text() const {
  std::string text = letters(count_);
  const char* separator = ": ";
  for (const auto& [reason, count] : by_reason_) {
    text += std::exchange(separator, ", ") + grouped(count) + " " + reason;
  }
  return text;
}

void add_dlq(CLI::App& program, Action& action) {
  CLI::App* const dlq = program.add_subcommand("dlq", "Look at a listener's dead letters, send them back, delete them");
  dlq->require_subcommand(1);
  dlq->footer("Example:\n  dispytch dlq list --config orders.yaml billing");
  add_dlq_list(*dlq, action);
  add_dlq_show(*dlq, action);
  add_dlq_replay(*dlq, action);
  add_dlq_purge(*dlq, action);
}

}  // namespace dispytch::cli
