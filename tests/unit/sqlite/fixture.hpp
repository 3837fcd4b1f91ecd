// A sqlite broker on a file of its own, its emitters and listeners, driven without the C border.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker.hpp"
#include "consumer.hpp"
#include "producer.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::sqlite {

using plugin::Subscription;
using std::chrono::milliseconds;

/// A host whose clocks are the machine's, with what a test adds to them. Any thread.
class TestHost {
 public:
  TestHost() {
    clock_.size = sizeof(clock_);
    clock_.context = this;
    clock_.monotonic_ns = [](void* context) noexcept {
      return std::int64_t{(plugin::Clock{}.monotonic() + self(context).ahead()).count()};
    };
    clock_.unix_ms = [](void* context) noexcept { return plugin::Clock{}.unix_ms() + self(context).ahead().count(); };
    raw.size = sizeof(raw);
    raw.abi_minor = DISPYTCH_ABI_MINOR;
    raw.context = this;
    raw.application = "sqlite-test";
    raw.log_level = DISPYTCH_LOG_DEBUG;
    raw.log = [](void* context, std::int32_t, const char* text, std::size_t len) noexcept {
      const std::lock_guard lock{self(context).mutex_};
      self(context).log_.emplace_back(text, len);
    };
    raw.metric = [](void*, std::uint32_t, const char*, const char*) noexcept { return std::uint32_t{1}; };
    raw.record = [](void*, std::uint32_t, double) noexcept {};
    raw.notify = [](void*, std::uint64_t) noexcept {};
    raw.extension = [](void* context, const char* id) noexcept -> const void* {
      return std::strcmp(id, DISPYTCH_EXTENSION_CLOCK) == 0 ? &self(context).clock_ : nullptr;
    };
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  void advance(milliseconds by) { ahead_ = ahead_.load() + by; }
  std::vector<std::string> log() const {
    const std::lock_guard lock{mutex_};
    return log_;
  }

  dispytch_host raw{};

 private:
  static TestHost& self(void* context) { return *static_cast<TestHost*>(context); }
  milliseconds ahead() const noexcept { return ahead_; }

  std::atomic<milliseconds> ahead_{milliseconds{0}};
  mutable std::mutex mutex_;
  std::vector<std::string> log_;
  dispytch_clock clock_{};
};

/// Tries until it is so, or fails after long.
inline void eventually(const std::function<bool()>& is_so, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!is_so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "never came: " << what;
    std::this_thread::sleep_for(milliseconds{2});
  }
}

struct Received {
  std::string topic = {}, payload = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::uint32_t source = 0;
  std::uint64_t token = 0;
};

/// A consumer and what it has been told.
class Reader {
 public:
  Reader(Broker& broker, Subscription subscription) : consumer{broker, std::move(subscription), plugin::Notify{}} {}

  Consumer consumer;
  bool acknowledge_events = true;
  std::vector<Received> inbox = {};
  std::vector<std::uint32_t> events = {};             ///< their kinds
  std::vector<std::string> texts = {};                ///< why, of LOST and DOWN
  std::map<std::uint32_t, plugin::Source> held = {};  ///< by source
  std::uint64_t last_event = 0;                       ///< its token

  void step(milliseconds timeout = milliseconds{5}, std::uint32_t most = 100) {
    plugin::BatchOut out;
    const plugin::Status status = consumer.poll({most, 1 << 20}, timeout, out);
    EXPECT_TRUE(status.ok()) << status.error().text;
    const std::unique_ptr<const dispytch_batch, decltype(&plugin::detail::Batch::release)> batch{out.take(),
                                                                                                 plugin::detail::Batch::release};
    if (batch == nullptr) return;
    if (batch->kind != DISPYTCH_MESSAGES) note(*batch);
    for (std::uint32_t i = 0; i < batch->n_messages; ++i) {
      const dispytch_message& message = batch->messages[i];
      inbox.push_back({.topic = std::string{plugin::view(message.topic)},
                       .payload = std::string{plugin::view(message.payload)},
                       .partition = message.partition,
                       .offset = message.offset,
                       .source = message.source,
                       .token = message.token});
    }
  }
  void until(const std::function<bool()>& is_so, const char* what) {
    eventually(
        [&] {
          step();
          return is_so();
        },
        what);
  }
  std::vector<Received> take(std::size_t count) {
    until([&] { return inbox.size() >= count; }, "messages");
    return std::exchange(inbox, {});
  }
  void await_event(std::uint32_t kind) {
    until([&] { return std::ranges::find(events, kind) != events.end(); }, "an event");
  }
  dispytch_status settle(std::uint64_t token, std::uint32_t action = DISPYTCH_ACK_UP_TO) {
    const dispytch_settlement settlement{token, action, 0};
    return consumer.settle({&settlement, sizeof(settlement), 1}).code();
  }
  /// Settles all of them, which came in order, and waits until that is stored.
  void finish(const std::vector<Received>& messages) {
    std::map<std::uint32_t, std::uint64_t> last;
    for (const Received& message : messages) last[message.source] = message.token;
    for (const auto& [source, token] : last) EXPECT_EQ(settle(token), DISPYTCH_OK);
    EXPECT_EQ(consumer.sync(std::chrono::seconds{10}).code(), DISPYTCH_OK);
  }

 private:
  void note(const dispytch_batch& batch) {
    events.push_back(batch.kind);
    texts.emplace_back(plugin::view(batch.text));
    for (std::uint32_t i = 0; i < batch.n_sources; ++i) {
      const plugin::Source source = plugin::detail::source_from(batch.sources[i]);
      if (batch.kind == DISPYTCH_ASSIGNED) {
        held[source.source] = source;
      } else {
        held.erase(source.source);
      }
    }
    last_event = batch.event_token;
    if (acknowledge_events && last_event != 0) {
      EXPECT_EQ(settle(last_event, DISPYTCH_ACK), DISPYTCH_OK);
    }
  }
};

inline std::vector<std::string> payloads(const std::vector<Received>& messages) {
  std::vector<std::string> all;
  for (const Received& message : messages) all.push_back(message.payload);
  return all;
}

struct Sending {
  std::string topic = "orders";
  std::string payload = {};
  std::optional<std::string> key = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> timestamp_ms = {}, deliver_at_ms = {};
};

class BrokerTest : public ::testing::Test {
 protected:
  Options options(std::map<std::string, TopicOptions> topics = {{"orders", {.partitions = 1}}}) const {
    return {.path = path(), .topics = std::move(topics), .auto_create = false, .session_timeout = milliseconds{2000}};
  }
  std::string path() const { return folder / "events.db"; }

  void open(Options with) {
    broker = std::make_unique<Broker>(std::move(with), plugin::Host{&host.raw});
    producer = std::make_unique<Producer>(*broker, timeout, plugin::Notify{});
  }
  void close() {
    producer.reset();
    broker.reset();
  }
  std::unique_ptr<Reader> reader(Subscription subscription = {.names = {"orders"}, .group = "billing"}) {
    return std::make_unique<Reader>(*broker, std::move(subscription));
  }

  plugin::Accepted send_one(const Sending& message) {
    dispytch_message raw{};
    raw.topic = plugin::bytes(message.topic);
    raw.payload = plugin::bytes(message.payload);
    if (message.key) raw.key = plugin::bytes(*message.key);
    raw.partition = message.partition.value_or(0);
    raw.timestamp_ms = message.timestamp_ms.value_or(0);
    raw.deliver_at_ms = message.deliver_at_ms.value_or(0);
    raw.flags = plugin::flag(message.partition.has_value(), DISPYTCH_MSG_PARTITION) |
                plugin::flag(message.timestamp_ms.has_value(), DISPYTCH_MSG_TIMESTAMP) |
                plugin::flag(message.deliver_at_ms.has_value(), DISPYTCH_MSG_DELIVER_AT);
    raw.token = ++last_token;
    return producer->send({&raw, sizeof(raw), 1});
  }
  struct Outcome {
    dispytch_status code = 0;
    std::uint32_t flags = 0;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string text = {};
  };
  /// Awaits so many reports.
  std::vector<Outcome> reports(std::size_t count) {
    std::vector<Outcome> all;
    eventually(
        [&] {
          std::vector<plugin::Report> raw(100);
          const std::size_t came = producer->reports({raw.data(), sizeof(plugin::Report), raw.size()});
          for (std::size_t i = 0; i < came; ++i) {
            all.push_back({raw[i].code, raw[i].flags, raw[i].partition, raw[i].offset, std::string{plugin::view(raw[i].text)}});
          }
          return all.size() >= count;
        },
        "reports");
    return all;
  }
  /// Sends messages that must be stored.
  void put(const std::vector<Sending>& messages) {
    for (const Sending& message : messages) ASSERT_EQ(send_one(message).count, 1u);
    for (const Outcome& outcome : reports(messages.size())) ASSERT_EQ(outcome.code, DISPYTCH_OK) << outcome.text;
  }
  Outcome outcome_of(const Sending& message) {
    EXPECT_EQ(send_one(message).count, 1u);
    return reports(1).front();
  }
  std::int64_t number(const char* sql) {
    const auto database = broker->file().connect();
    Query query = database->query(sql);
    return query.next() ? query.integer(0) : -1;
  }

  testing::TemporaryFolder folder{"dispytch-sqlite"};
  TestHost host;
  milliseconds timeout{20'000};
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Producer> producer;
  std::uint64_t last_token = 0;
};

/// The error that it throws.
template <class F>
plugin::Error thrown_by(F&& body) {
  try {
    std::forward<F>(body)();
  } catch (const plugin::Exception& exception) {
    return exception.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace dispytch::sqlite
