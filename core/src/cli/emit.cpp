// `dispytch emit`: JSON lines from a file or standard input, each an event.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include <dispytch/emitter.hpp>

#include "app/farewell.hpp"
#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "base/clock.hpp"
#include "cli/command.hpp"
#include "cli/emit_run.hpp"
#include "cli/event_line.hpp"
#include "cli/line_reader.hpp"
#include "cli/open_config.hpp"

namespace dispytch::cli {
namespace {

constexpr std::string_view kEnvelopes = "envelopes";

struct EmitArguments {
  std::string config = {};
  std::string emitter = {};
  std::string type = {};
  std::string topic = {};
  std::string key = {};
  std::string input = "-";
  std::string lines = {};
  std::uint64_t from_line = 1;
  bool json = false;
};

// How long an interrupted run waits for what is under way, as an application without listeners does.
constexpr std::chrono::milliseconds kPatience{25'000};

// The lines' way into the emitter, one thread.
class LineEmitter {
 public:
  LineEmitter(const EmitArguments& options, const WireForm& wire, LineReader& reader, EmitRun& run)
      : options_{options},
        reader_{reader},
        run_{run},
        event_{{.topic = options.topic,
                .type = options.type,
                .key_pointer = options.key,
                .envelopes = options.lines == kEnvelopes,
                .wire = wire}},
        guard_{options.lines.empty() && wire.layout == WireForm::Layout::envelope} {}

  // Until the end of the input, a stop, or a failure after which no line may follow. Throws UsageError, std::system_error.
  void run(EventEmitter& emitter) {
    LineReader::Line line;
    while (reader_.next(line)) {
      last_ = line.number;
      if (line.number < options_.from_line) continue;
      run_.progress(reader_.consumed(), reader_.size());
      require_utf8_text(line);
      if (!emit(line, emitter)) return;
    }
  }

  // The last line that was read; 0: none.
  std::uint64_t last() const noexcept { return last_; }

 private:
  // Drops a byte order mark, which some editors put before the first line, and so it stands within files that were joined; UTF-16 has a
  // zero in each character of JSON.
  static void require_utf8_text(LineReader::Line& line) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (line.text.starts_with(kByteOrderMark)) line.text.remove_prefix(kByteOrderMark.size());
    const bool marked = line.text.starts_with("\xff\xfe") || line.text.starts_with("\xfe\xff");
    if (line.number > 1 || (!marked && line.text.substr(0, 4).find('\0') == std::string_view::npos)) return;
    throw UsageError{"line " + std::to_string(line.number) +
                     ": expected UTF-8, found UTF-16 or UTF-32; convert it, for instance by `iconv -f UTF-16 -t UTF-8`"};
  }

  // false: no further line may go out.
  bool emit(const LineReader::Line& line, EventEmitter& emitter) {
    if (line.too_long) {
      run_.refuse(line.number, 1, "longer than " + std::to_string(LineReader::kLongestLine >> 20) + " MiB");
      return true;
    }
    if (line.text.find_first_not_of(" \t") == std::string_view::npos) return true;
    if (std::exchange(guard_, false) && event_.looks_like_envelope(line.text)) {
      throw UsageError{"line " + std::to_string(line.number) +
                       " is a whole envelope already; say --lines envelopes, or --lines bodies to wrap it in another"};
    }
    if (const auto problem = event_.read(line.text, system_clock().unix_ms(), message_)) {
      run_.refuse(line.number, problem->column, problem->text);
      return true;
    }
    const auto ticket = run_.ledger().out(line.number);
    if (!ticket) return false;
    emitter.emit(message_, [&run = run_, ticket = *ticket](const Result<Receipt>& result) { run.answer(ticket, result); });
    return true;
  }

  const EmitArguments& options_;
  LineReader& reader_;
  EmitRun& run_;
  EventLine event_;
  bool guard_;  // against lines that are envelopes already: looked for in the first one
  OutgoingMessage message_ = {};
  std::uint64_t last_ = 0;
};

int emit(const EmitArguments& options) {
  if (options.type.empty() && options.lines != kEnvelopes) {
    throw UsageError{"TYPE is missing: the type of the events; only with --lines envelopes does each line say its own"};
  }
  const config::Config config = open_config(options.config);
  const config::EmitterConfig& emitter_config = named(config.emitters, "emitter", options.emitter, config);
  const WireForm& wire = wire_of(config.backends.at(emitter_config.backend), options.topic);

  app::Signals signals;
  std::optional<app::Signals::PromptEnd> prompt{std::in_place, signals, kFailed};
  LineReader reader{options.input, signals.token()};
  EmitRun run{options.json};
  LineEmitter lines{options, wire, reader, run};
  std::exception_ptr broken_input;
  std::optional<int> exit_code;
  const auto sum_up = [&] {
    const bool unread = broken_input || signals.token().stop_requested();
    if (!unread && lines.last() + 1 < options.from_line) {
      throw UsageError{"--from-line " + std::to_string(options.from_line) + " is behind the end of the input, which has " +
                       std::to_string(lines.last()) + " lines"};
    }
    exit_code = run.finish(unread ? std::max(lines.last() + 1, options.from_line) : 0);
  };
  {
    app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
    const auto core = signals.start([&] { return app::open_emitter(config, options.emitter, backends); });
    prompt.reset();
    try {
      EventEmitter emitter{core};
      lines.run(emitter);
    } catch (const std::system_error&) {
      broken_input = std::current_exception();
    }
    if (signals.token().stop_requested()) {
      const bool under_way = core->unanswered() > 0;
      run.tell(under_way ? "interrupted: waiting for what is under way; a second signal ends at once"
                         : "interrupted; nothing is under way");
    }
    // What has no answer by then gets it when the emitter is closed: "maybe sent", so to be sent again.
    app::bid_farewell({{options.emitter, core}},
                      {.stop = signals.token(), .patience = kPatience, .timeouts = {{options.emitter, emitter_config.timeout}}});
    if (core->unanswered() == 0) {  // nothing is in hand any more: the rest is the client's own end
      sum_up();
      std::cout.flush();
      prompt.emplace(signals, *exit_code);
    }
  }
  if (!exit_code) sum_up();
  if (broken_input) std::rethrow_exception(broken_input);
  return *exit_code;
}

}  // namespace

void add_emit(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("emit", "Emit JSON lines as events, and say what became of each");
  const auto options = std::make_shared<EmitArguments>();
  add_config_option(*command, options->config);
  command->add_option("EMITTER", options->emitter, "an emitter of the config file")->required()->type_name("");
  command->add_option("TYPE", options->type, "the events' type")->type_name("");
  command->add_option("--topic", options->topic, "Topic to emit to")->required()->type_name("NAME");
  command->add_option("--key", options->key, "JSON pointer into the body to the message's key; without it messages have none")
      ->type_name("POINTER");
  command->add_option("--input", options->input, "File to read; - is standard input")->capture_default_str()->type_name("FILE");
  command
      ->add_option("--lines", options->lines, "What a line is: bodies, or envelopes as {\"id\",\"type\",\"body\",\"timestamp\"} [bodies]")
      ->check(CLI::IsMember({"bodies", "envelopes"}));
  command->add_option("--from-line", options->from_line, "Leave out the lines before this one, to resume")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--json", options->json, "One JSON object for each line that failed, then one with the count");
  command->footer(
      "Example:\n  dispytch emit --config config/flights.kafka.yaml flights flight_departed --topic flights \\\n"
      "      --key /aircraft/tail_number < departures.jsonl");
  command->callback([&action, options] { action = [options] { return emit(*options); }; });
}

}  // namespace dispytch::cli
