// A memory broker on a virtual clock, its producers and consumers, driven without the C border.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker.hpp"
#include "consumer.hpp"
#include "producer.hpp"

namespace dispytch::memory {

using plugin::Subscription;
using std::chrono::milliseconds;

/// A host whose time stands still until it is moved. Guarded by nothing: tests with threads don't look at what it counts.
class TestHost {
 public:
  TestHost() {
    clock_.size = sizeof(clock_);
    clock_.context = this;
    clock_.monotonic_ns = [](void* context) noexcept { return std::int64_t{std::chrono::nanoseconds{self(context).now}.count()}; };
    clock_.unix_ms = [](void* context) noexcept { return 1'000'000 + self(context).now.count(); };
    raw.size = sizeof(raw);
    raw.abi_minor = DISPYTCH_ABI_MINOR;
    raw.context = this;
    raw.log_level = DISPYTCH_LOG_DEBUG;
    raw.log = [](void* context, std::int32_t, const char* text, std::size_t len) noexcept { self(context).log.emplace_back(text, len); };
    raw.notify = [](void* context, std::uint64_t cookie) noexcept { ++self(context).notified[cookie]; };
    raw.extension = [](void* context, const char* id) noexcept -> const void* {
      return std::strcmp(id, DISPYTCH_EXTENSION_CLOCK) == 0 ? &self(context).clock_ : nullptr;
    };
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  dispytch_host raw{};
  milliseconds now{0};
  std::vector<std::string> log = {};
  std::map<std::uint64_t, int> notified = {};

 private:
  static TestHost& self(void* context) { return *static_cast<TestHost*>(context); }
  dispytch_clock clock_{};
};

/// A message that came, copied.
struct Received {
  std::string topic = {}, payload = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::uint32_t source = 0, attempt = 0, flags = 0;
  std::uint64_t token = 0;
  std::uint16_t attempts = 0, begun = 0;
};

inline std::vector<std::string> payloads(const std::vector<Received>& messages) {
  std::vector<std::string> all;
  for (const Received& message : messages) all.push_back(message.payload);
  return all;
}

/// A consumer and what it has been told.
class Reader {
 public:
  Reader(std::shared_ptr<Broker> broker, TestHost& host, std::uint64_t cookie, Subscription subscription)
      : consumer{std::move(broker), plugin::Host{&host.raw}, plugin::Notify{&host.raw, cookie}, std::move(subscription)} {}

  Consumer consumer;
  bool acknowledge_events = true;
  std::vector<std::uint32_t> events = {};             ///< their kinds
  std::map<std::uint32_t, plugin::Source> held = {};  ///< by source
  std::uint64_t last_event = 0;                       ///< its token
  std::int64_t last_deadline_ms = 0;

  /// One poll without waiting; messages that came, copied. Events are noted.
  std::vector<Received> poll(std::uint32_t max_messages = 100, std::uint64_t max_bytes = 1 << 20) {
    plugin::BatchOut out;
    EXPECT_EQ(consumer.poll({max_messages, max_bytes}, milliseconds{0}, out).code(), DISPYTCH_OK);
    const std::unique_ptr<const dispytch_batch, decltype(&plugin::detail::Batch::release)> batch{out.take(),
                                                                                                 plugin::detail::Batch::release};
    std::vector<Received> messages;
    if (batch == nullptr) return messages;
    if (batch->kind != DISPYTCH_MESSAGES) note(*batch);
    for (std::uint32_t i = 0; i < batch->n_messages; ++i) {
      const dispytch_message& message = batch->messages[i];
      messages.push_back({.topic = std::string{plugin::view(message.topic)},
                          .payload = std::string{plugin::view(message.payload)},
                          .partition = message.partition,
                          .offset = message.offset,
                          .source = message.source,
                          .attempt = message.attempt,
                          .flags = message.flags,
                          .token = message.token,
                          .attempts = message.attempts,
                          .begun = message.begun});
    }
    return messages;
  }
  /// Polls until nothing comes any more.
  std::vector<Received> poll_all() {
    std::vector<Received> all;
    for (std::size_t seen = ~std::size_t{0}; seen != all.size() + events.size();) {
      seen = all.size() + events.size();
      for (Received& message : poll()) all.push_back(std::move(message));
    }
    return all;
  }
  dispytch_status settle(std::uint64_t token, std::uint32_t action = DISPYTCH_ACK) {
    const dispytch_settlement settlement{token, action, 0};
    return consumer.settle({&settlement, sizeof(settlement), 1}).code();
  }
  std::vector<std::int32_t> partitions() const {
    std::vector<std::int32_t> all;
    for (const auto& [source, description] : held) all.push_back(*description.partition);
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  void note(const dispytch_batch& batch) {
    events.push_back(batch.kind);
    for (std::uint32_t i = 0; i < batch.n_sources; ++i) {
      const plugin::Source source = plugin::detail::source_from(batch.sources[i]);
      if (batch.kind == DISPYTCH_ASSIGNED) {
        held[source.source] = source;
      } else {
        held.erase(source.source);
      }
    }
    last_event = batch.event_token;
    last_deadline_ms = batch.deadline_ms;
    if (acknowledge_events && last_event != 0) {
      EXPECT_EQ(settle(last_event), DISPYTCH_OK);
    }
  }
};

struct Outgoing {
  std::string topic = "orders";
  std::string payload = {};
  const char* key = nullptr;
  std::int32_t partition = -1;
};

class BrokerTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kProducer = 1, kConsumer = 2;

  static Options with_topics(std::map<std::string, TopicOptions> topics) { return {.topics = std::move(topics), .auto_create = false}; }
  static Options one_topic(std::int32_t partitions) { return with_topics({{"orders", {.partitions = partitions}}}); }

  /// What the test drives; anew by each call.
  void open(const Options& options) {
    broker = Broker::open(options);
    producer = std::make_unique<Producer>(broker, plugin::Host{&host.raw}, plugin::Notify{&host.raw, kProducer});
  }
  Topic* find(std::string_view topic) {
    const plugin::Lock lock{broker->mutex};
    return broker->find(topic);
  }
  std::unique_ptr<Reader> reader(Subscription subscription = {.names = {"orders"}, .group = "billing"}, std::uint64_t cookie = kConsumer) {
    return std::make_unique<Reader>(broker, host, cookie, std::move(subscription));
  }

  /// Sends what must be taken.
  void put(const Outgoing& message) { put_all({message}); }
  void put_all(const std::vector<Outgoing>& messages) { EXPECT_EQ(send_all(messages).count, messages.size()); }
  plugin::Accepted send(const Outgoing& message) { return send_all({message}); }
  plugin::Accepted send_all(const std::vector<Outgoing>& messages) {
    std::vector<dispytch_message> raw;
    for (const Outgoing& message : messages) {
      dispytch_message& one = raw.emplace_back();
      one.topic = plugin::bytes(message.topic);
      one.payload = plugin::bytes(message.payload);
      if (message.key != nullptr) one.key = plugin::bytes(std::string_view{message.key});
      if (message.partition >= 0) {
        one.partition = message.partition;
        one.flags = DISPYTCH_MSG_PARTITION;
      }
      one.token = ++last_token;
    }
    return producer->send({raw.data(), sizeof(dispytch_message), raw.size()});
  }
  /// Sends one that must be taken, and returns its report.
  plugin::Report report_of(const Outgoing& message) {
    put(message);
    std::vector<plugin::Report> reports(100);
    const std::size_t count = producer->reports({reports.data(), sizeof(plugin::Report), reports.size()});
    EXPECT_GE(count, 1u);
    return reports[count - 1];
  }

  TestHost host;
  std::shared_ptr<Broker> broker;
  std::unique_ptr<Producer> producer;
  std::uint64_t last_token = 0;
};

}  // namespace dispytch::memory
