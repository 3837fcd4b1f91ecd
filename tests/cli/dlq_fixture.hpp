// `dispytch dlq` over a memory broker that the commands and the test share: the command line runs in this process.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dispytch/plugins/memory.h>
#include <dispytch/describe.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/listener.hpp>
#include <dispytch/plugin/message.hpp>

#include "border/access.hpp"
#include "border/admin.hpp"
#include "border/library.hpp"
#include "cli/cli_fixture.hpp"
#include "cli/program.hpp"
#include "listen/dead_letters.hpp"

namespace dispytch::testing {

struct Placed {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order_placed";
  int number = 0;
};
DISPYTCH_EVENT(Placed, number)

// A message that a broker keeps, copied.
struct Kept {
  std::optional<std::string> key = {};
  std::optional<std::string> payload = {};
  Headers headers = {};
  std::optional<std::int64_t> time_ms = {};
};

struct LetterSpec {
  std::string payload = R"({"id":"1","type":"order_placed","body":{"number":1},"timestamp":5})";
  std::optional<std::string> key = "k";
  std::string reason = "failed";
  std::string handler = "bill";
  std::string group = "billing";
  std::string topic = "orders";
  std::int64_t last_ms = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
  std::optional<std::int64_t> time_ms = {};  // of the message
  std::vector<std::pair<std::string, std::string>> headers = {};
};

class Dlq : public CliTest {
 protected:
  Dlq() {
    static const border::Library& memory = border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));
    static std::atomic<int> brokers{0};
    broker_ = "dlq-" + std::to_string(++brokers);
    config_ = write("orders.yaml", R"(version: 1
backends:
  bus:
    plugin: memory
    config:
      { broker: )" + broker_ + R"(, auto_create: false,
        topics: { orders: {}, elsewhere: {}, small: { max_messages: 2, max_bytes: 1KiB }, orders.dlq: {} } }
  other: { plugin: memory, config: { broker: )" +
                                       broker_ + R"(-other } }
emitters:
  out: { backend: bus, timeout: 300ms }
  away: { backend: other }
listeners:
  billing: { backend: bus, group: billing, topics: [orders], dead_letter: { emitter: out } }
  careless: { backend: bus, group: careless, topics: [orders] }
  open: { backend: bus, group: open, dead_letter: { emitter: out } }
  both: { backend: bus, group: both, topics: [orders, elsewhere], dead_letter: { emitter: away } }
)");
    const std::string options = R"({"config":{"broker":")" + broker_ + R"(","auto_create":false,"topics":{"orders":{"partitions":1},)" +
                                R"("elsewhere":{"partitions":1},"orders.dlq":{"partitions":1}}}})";
    adapter_ = border::Adapter::open(memory, options, {.application = "test", .clock = &system_clock()}, std::chrono::seconds{5}).value();
    // What every group has settled is dropped: this one keeps it, as a log would.
    read("orders.dlq", "archive");
    emitter_.emplace(
        border::Access::make(adapter_->open_producer(R"({"config":{},"timeout_ms":5000})", {}, std::chrono::seconds{5}).value()));
  }

  Finished dispytch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "dispytch");
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Finished finished;
    finished.exit_code = cli::run_program(static_cast<int>(raw.size()), raw.data());
    finished.output = ::testing::internal::GetCapturedStdout();
    finished.errors = ::testing::internal::GetCapturedStderr();
    return finished;
  }
  Finished dlq(const std::string& command, std::vector<std::string> more = {}, const std::string& listener = "billing") const {
    std::vector<std::string> all{"dlq", command, "--config", config_, listener};
    all.insert(all.end(), more.begin(), more.end());
    return dispytch(all);
  }

  void put(const OutgoingMessage& message) { emitter_->emit(message).value(); }
  void bury(const LetterSpec& spec) {
    std::vector<dispytch_header> headers;
    for (const auto& [name, value] : spec.headers) headers.push_back({plugin::bytes(name), plugin::bytes(value)});
    dispytch_message raw{};
    raw.topic = plugin::bytes(spec.topic);
    if (spec.key) raw.key = plugin::bytes(*spec.key);
    raw.payload = plugin::bytes(spec.payload);
    raw.headers = headers.data();
    raw.n_headers = static_cast<std::uint32_t>(headers.size());
    raw.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET;
    raw.offset = 77;
    if (spec.time_ms) {
      raw.flags |= DISPYTCH_MSG_TIMESTAMP;
      raw.timestamp_ms = *spec.time_ms;
    }
    put(listen::make_dead_letter(Message{raw, nullptr, nullptr},
                                 {.reason = spec.reason,
                                  .exception = "std::runtime_error: gone",
                                  .handler = spec.handler,
                                  .listener = spec.group,
                                  .group = spec.group,
                                  .attempts = 3,
                                  .first_ms = spec.last_ms - 1000,
                                  .last_ms = spec.last_ms},
                                 "orders.dlq"));
  }

  // All that a topic keeps, read as a group that settles nothing.
  std::vector<Kept> read(const std::string& topic, const std::string& group = "") const {
    const std::string document = R"({"topics":[{"name":")" + topic + R"("}],"start":"earliest","config":{},"group":")" + group + R"("})";
    const auto consumer = adapter_->open_consumer(document, {}, std::chrono::seconds{5}).value();
    std::vector<Kept> all;
    for (int quiet = 0; quiet < 2;) {  // the assignment, then all messages at once, then nothing
      const border::Batch batch = consumer->poll(1000, 1 << 20, std::chrono::milliseconds{0}).value();
      if (!batch) ++quiet;
      if (batch && batch.raw().event_token != 0) {
        const dispytch_settlement settlement{batch.raw().event_token, DISPYTCH_ACK, 0};
        dispytch_error error = {};
        consumer->settle({&settlement, 1}, error);
      }
      for (const dispytch_message& raw : batch.messages()) {
        const Message message{raw, &consumer->api(), consumer->raw()};
        Kept& kept = all.emplace_back();
        if (message.key()) kept.key.emplace(*message.key());
        if (message.payload()) kept.payload.emplace(*message.payload());
        if (message.timestamp()) kept.time_ms = message.timestamp()->time_since_epoch().count();
        for (const Header& header : message.headers()) kept.headers.emplace_back(header.key, header.value);
      }
    }
    return all;
  }

  std::optional<std::int64_t> progress() const {
    const auto ranges = border::Admin::of(adapter_).value().ranges("orders.dlq", "billing.dlq", std::chrono::seconds{5}).value();
    return (ranges.front().flags & DISPYTCH_RANGE_STORED) != 0 ? std::optional{ranges.front().stored} : std::nullopt;
  }

  std::string broker_, config_;
  std::shared_ptr<border::Adapter> adapter_;
  std::optional<EventEmitter> emitter_;
};

}  // namespace dispytch::testing
