// `dispytch tail`: follows a listener's topics in a consumer group of its own.
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include <dispytch/message.hpp>

#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "border/consumer_handle.hpp"
#include "border/document.hpp"
#include "border/error.hpp"
#include "cli/command.hpp"
#include "cli/message_format.hpp"
#include "cli/open_config.hpp"
#include "cli/received.hpp"
#include "codec/uuid.hpp"
#include "config/load.hpp"
#include "text/bytes.hpp"

namespace dispytch::cli {
namespace {

constexpr std::string_view kDefaultFormat = "{timestamp} {topic} {partition}:{offset} {key} {type} {body}";
constexpr std::string_view kGroupPrefix = "dispytch-tail-";
constexpr std::uint32_t kBatchMessages = 1024;
constexpr std::uint64_t kBatchBytes = std::uint64_t{16} << 20;
constexpr std::chrono::seconds kPollTimeout{1};  // stopping wakes it sooner
constexpr std::chrono::seconds kRetryPause{1};

struct TailOptions {
  std::string config = {};
  std::string listener = {};
  std::vector<std::string> topics = {};
  std::string format{kDefaultFormat};
  std::string from = "latest";
  std::uint64_t count = 0;
  bool json = false;
};

// What opens the consumer: the listener's own options, in another group.
border::ConsumerDocument document(const TailOptions& options, const config::ListenerConfig& listener, const std::string& config_file,
                                  const border::Adapter& adapter) {
  border::ConsumerDocument document{
      .start = options.from, .drain = listener.drain, .ephemeral = adapter.takes_option(DISPYTCH_CAN_EPHEMERAL), .config = listener.config};
  if (adapter.can(DISPYTCH_CAN_GROUPS))
    document.group = std::string{kGroupPrefix} + std::string{codec::make_uuid(system_clock().unix_ms()).view()};
  for (const std::string& topic : options.topics) document.topics.push_back({.name = topic});
  if (!document.topics.empty()) return document;
  for (const config::TopicConfig& topic : listener.topics) {
    document.topics.push_back({.name = topic.name, .pattern = topic.pattern, .config = topic.config});
  }
  if (document.topics.empty()) {
    throw UsageError{"listener `" + listener.name + "` of " + config_file +
                     " names no topics, and those of its handlers are known to the application alone; say them: --topic NAME"};
  }
  return document;
}

// Follows one consumer and writes what it delivers.
class Follower {
 public:
  Follower(const TailOptions& options, const config::BackendConfig& backend, border::ConsumerHandle& consumer)
      : options_{options}, format_{options.format}, backend_{backend}, consumer_{consumer} {}

  // Until asked to stop, or --count is reached. Throws Exception where the backend failed for good,
  // std::system_error where standard output can't be written.
  void run(const std::stop_token& stop) {
    const std::stop_callback wake{stop, [this] { consumer_.wake(); }};
    while (!stop.stop_requested()) {
      const Result<border::Batch> batch = consumer_.poll(kBatchMessages, kBatchBytes, kPollTimeout);
      if (!batch) {
        survive(batch.error(), stop);
      } else if (*batch && batch->kind() == DISPYTCH_MESSAGES) {
        if (write(*batch)) return;
      } else if (*batch) {
        confirm(batch->raw());
      }
    }
  }

 private:
  // Whether that was all.
  bool write(const border::Batch& batch) {
    std::string text;
    std::vector<dispytch_settlement> settlements;
    for (const dispytch_message& raw : batch.messages()) {
      if (options_.count != 0 && written_ == options_.count) break;
      const Message message{raw, &consumer_.api(), consumer_.raw()};
      const Received received{message, wire_of(backend_, std::string{message.topic()})};
      if (options_.json) {
        text += to_json(received);
      } else {
        format_.write(received, text);
      }
      text += '\n';
      ++written_;
      settlements.push_back({raw.token, DISPYTCH_ACK, 0});
    }
    errno = 0;
    if (!(std::cout << text << std::flush)) throw std::system_error{errno, std::generic_category(), "standard output can't be written"};
    // Where messages are acknowledged one by one the broker keeps each until then, and stops at some number. Elsewhere nothing is: a group
    // that has stored no position leaves nothing behind.
    if (consumer_.adapter().can(DISPYTCH_CAN_ACK_EACH)) settle(settlements);
    return options_.count != 0 && written_ == options_.count;
  }

  void confirm(const dispytch_batch& event) {
    const std::string_view why = text::view(event.text);
    if (event.kind == DISPYTCH_DOWN) log::warning("tail", "the broker can't be reached: " + std::string{why});
    if (event.kind == DISPYTCH_LOST) log::warning("tail", "lost: " + std::string{why});
    if (event.event_token != 0) settle({{event.event_token, DISPYTCH_ACK, 0}});
  }

  void settle(const std::vector<dispytch_settlement>& settlements) {
    dispytch_error error = border::empty_error();
    const dispytch_status status = consumer_.settle(settlements, error);
    if (status < 0 && status != DISPYTCH_EFENCED) {
      throw Exception{border::to_error(status, error, consumer_.adapter().library().id(), "settling messages")};
    }
  }

  static void survive(const Error& error, const std::stop_token& stop) {
    if (error.fatal || !(error.retriable || error.code == ErrorCode::unavailable)) throw Exception{error};
    log::warning("tail", error.text);
    std::mutex mutex;
    std::condition_variable_any pause;
    std::unique_lock lock{mutex};
    pause.wait_for(lock, stop, kRetryPause, [] { return false; });
  }

  const TailOptions& options_;
  const MessageFormat format_;
  const config::BackendConfig& backend_;
  border::ConsumerHandle& consumer_;
  std::uint64_t written_ = 0;
};

int tail(const TailOptions& options) {
  const MessageFormat checked{options.format};  // before anything is opened
  const config::Config config = open_config(options.config);
  const config::ListenerConfig& listener = named(config.listeners, "listener", options.listener, config);
  app::Signals signals;
  app::Signals::PromptEnd prompt{signals, kFailed};  // it only looks: nothing is ever in hand
  app::Backends backends{config, "dispytch", DISPYTCH_VERSION};
  const auto consumer = signals.start([&] {
    const auto& adapter = backends.open(listener.backend);
    const border::ConsumerDocument look = document(options, listener, config.file.string(), *adapter);
    auto opened = adapter->open_consumer(border::consumer_document(look), {}, app::kOpenTimeout);
    if (opened && !look.ephemeral) say_what_stays_behind(*adapter, look.group);
    if (opened) return std::move(*opened);
    const Error& error = opened.error();
    if (error.code != ErrorCode::config) throw Exception{error};
    throw Exception{ErrorCode::config, to_string(config::plugin_problem(config, config::Section::listeners, listener.name, error))};
  });
  prompt.set_exit_code(kDone);
  Follower{options, config.backends.at(listener.backend), *consumer}.run(signals.token());
  return kDone;
}

}  // namespace

void add_tail(CLI::App& program, Action& action) {
  CLI::App* const command = program.add_subcommand("tail", "Follow a listener's topics, without moving its group");
  const auto options = std::make_shared<TailOptions>();
  add_config_option(*command, options->config);
  command->add_option("LISTENER", options->listener, "a listener of the config file")->required()->type_name("");
  command->add_option("--topic", options->topics, "Topic to follow in place of the listener's; may be given several times")
      ->check(require_utf8)
      ->type_name("NAME");
  CLI::Option* const format =
      command
          ->add_option("--format", options->format,
                       "What to write of each message. {topic} {partition} {offset} {timestamp} {key} {headers} "
                       "{header.NAME} {payload} {id} {type} {body} {body.PATH}; - stands for what a message doesn't have")
          ->capture_default_str()
          ->type_name("TEXT");
  command->add_option("--from", options->from, "Where to begin")->check(CLI::IsMember({"earliest", "latest"}))->capture_default_str();
  command->add_option("--count", options->count, "End after so many messages")->check(CLI::PositiveNumber)->type_name("N");
  command->add_flag("--json", options->json, "A JSON object for each message")->excludes(format);
  command->footer(
      "Example:\n  dispytch tail --config config/flights.kafka.yaml board --format '{type} {key} {body.delay_minutes}'\n\n"
      "It reads as a consumer group of its own, named " +
      std::string{kGroupPrefix} + "ID, which stores no position and, where the broker allows it, is gone afterwards.");
  command->callback([&action, options] { action = [options] { return tail(*options); }; });
}

}  // namespace dispytch::cli
