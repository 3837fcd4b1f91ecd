// Tables that are shorter than ours, that lie, and whose arrays have other strides.
#include <cstddef>
#include <cstdint>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/plugin/message.hpp>

#include "abi/support.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "border/library.hpp"
#include "border/producer_handle.hpp"
#include "border/table_check.hpp"

namespace dispytch::border {
namespace {

using ::testing::HasSubstr;

// A sound plugin in memory, whose parts a test may break. What it is asked to do it does to this object.
struct Fake {
  Fake() {
    current = this;
    producer = {.size = sizeof producer,
                .reserved = 0,
                .open = [](dispytch_adapter*, const char*, std::size_t, std::uint64_t given_cookie, std::int32_t, dispytch_producer** out,
                           dispytch_error*) noexcept -> dispytch_status {
                  current->cookie = given_cookie;
                  *out = reinterpret_cast<dispytch_producer*>(current);
                  return DISPYTCH_OK;
                },
                .send = [](dispytch_producer*, const dispytch_message*, std::uint32_t, std::uint32_t, std::uint32_t*,
                           dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_AGAIN; },
                .reports = [](dispytch_producer*, dispytch_report*, std::uint32_t, std::uint32_t,
                              std::uint32_t*) noexcept -> dispytch_status { return DISPYTCH_OK; },
                .flush = [](dispytch_producer*, std::int32_t, dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_TIMEOUT; },
                .close = [](dispytch_producer*, std::int32_t, dispytch_error*) noexcept -> dispytch_status {
                  current->notifier = {};
                  return DISPYTCH_OK;
                }};
    consumer = {.size = sizeof consumer,
                .reserved = 0,
                .open = [](dispytch_adapter*, const char*, std::size_t, std::uint64_t, std::int32_t, dispytch_consumer** out,
                           dispytch_error*) noexcept -> dispytch_status {
                  *out = reinterpret_cast<dispytch_consumer*>(current);
                  return DISPYTCH_OK;
                },
                .poll = [](dispytch_consumer*, std::uint32_t, std::uint64_t, std::int32_t, const dispytch_batch** out,
                           dispytch_error*) noexcept -> dispytch_status {
                  *out = current->batch;
                  return DISPYTCH_OK;
                },
                .wake = [](dispytch_consumer*) noexcept {},
                .release = [](dispytch_consumer*, const dispytch_batch*) noexcept { ++current->released; },
                .settle = [](dispytch_consumer*, const dispytch_settlement*, std::uint32_t, std::uint32_t,
                             dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_OK; },
                .sync = [](dispytch_consumer*, std::int32_t, dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_EUNAVAILABLE; },
                .headers = [](dispytch_consumer*, const dispytch_message*, const dispytch_header**,
                              std::uint32_t*) noexcept -> dispytch_status { return DISPYTCH_OK; },
                .pause = nullptr,
                .seek = nullptr,
                .close = [](dispytch_consumer*, std::int32_t, dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_OK; }};
    table = {.size = sizeof table,
             .abi_major = DISPYTCH_ABI_MAJOR,
             .abi_minor = DISPYTCH_ABI_MINOR,
             .reserved = 0,
             .id = "fake",
             .version = "1.0.0",
             .license = nullptr,
             .config_schema = "{}",
             .capabilities = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME,
             .producer = &producer,
             .consumer = &consumer,
             .open = [](const dispytch_host* given_host, const char*, std::size_t, std::int32_t, dispytch_adapter** out,
                        dispytch_error*) noexcept -> dispytch_status {
               current->host = given_host;
               *out = reinterpret_cast<dispytch_adapter*>(current->returns_adapter ? current : nullptr);
               return DISPYTCH_OK;
             },
             .capabilities_of = [](dispytch_adapter*) noexcept { return current->table.capabilities; },
             .close = [](dispytch_adapter*, std::int32_t, dispytch_error*) noexcept -> dispytch_status {
               ++current->closed;
               return DISPYTCH_OK;
             },
             .extension = nullptr};
  }
  Fake(const Fake&) = delete;
  Fake& operator=(const Fake&) = delete;

  std::shared_ptr<Adapter> open() { return Adapter::open(library, kNoConfig, {}, kTimeout).value(); }
  std::string refusal() {
    const Result<void> sound = check_table(table, "fake");
    return sound ? "" : sound.error().text;
  }

  static inline Fake* current = nullptr;
  dispytch_producer_api producer{};
  dispytch_consumer_api consumer{};
  dispytch_plugin table{};
  Library library{table, {}};
  const dispytch_host* host = nullptr;
  const dispytch_batch* batch = nullptr;
  std::uint64_t cookie = 0;
  bool returns_adapter = true;
  int released = 0, closed = 0;
  std::jthread notifier = {};
};

std::string current_begun;  // what the plugin was told last

TEST(Table, IsSoundAsItIs) {
  Fake fake;
  EXPECT_EQ(fake.refusal(), "");
}

TEST(Table, MayEndAfterItsLastMandatoryField) {
  Fake fake;
  fake.table.size = offsetof(dispytch_plugin, extension);
  const GuardedMemory cut{&fake.table, fake.table.size};
  const Library library{*cut.as<dispytch_plugin>(), {}};
  ASSERT_TRUE(check_table(library.table(), "fake").has_value());
  const auto adapter = Adapter::open(library, kNoConfig, {}, kTimeout).value();
  EXPECT_TRUE(adapter->open_producer(kNoConfig, {}, kTimeout).has_value());
  EXPECT_TRUE(adapter->open_consumer(kNoConfig, {}, kTimeout).has_value());
}

TEST(Table, MayNotEndBefore) {
  Fake fake;
  fake.table.size = offsetof(dispytch_plugin, close);
  const GuardedMemory cut{&fake.table, fake.table.size};
  const Result<void> sound = check_table(*cut.as<dispytch_plugin>(), "fake");
  ASSERT_FALSE(sound.has_value());
  EXPECT_EQ(
      sound.error().text,
      "fake breaks the contract of the plugin border: its table has 88 bytes, where version 1.0 has 96. Only its author can mend that.");
}

TEST(Table, MayNotHaveShorterTablesOfFunctions) {
  Fake fake;
  fake.producer.size = offsetof(dispytch_producer_api, close);
  EXPECT_THAT(fake.refusal(), HasSubstr("its producer table has 40 bytes, where version 1.0 has 48"));
  fake.producer.size = sizeof fake.producer;
  fake.consumer.size = offsetof(dispytch_consumer_api, close);
  EXPECT_THAT(fake.refusal(), HasSubstr("its consumer table has 80 bytes, where version 1.0 has 88"));
}

// As a plugin of version 1.0 has them: nothing behind may be looked at.
TEST(Table, MayHaveTablesOfFunctionsOfVersion1) {
  Fake fake;
  fake.producer.size = offsetof(dispytch_producer_api, capabilities_for);
  fake.consumer.size = offsetof(dispytch_consumer_api, capabilities_for);
  const GuardedMemory producer{&fake.producer, fake.producer.size};
  const GuardedMemory consumer{&fake.consumer, fake.consumer.size};
  fake.table.producer = producer.as<dispytch_producer_api>();
  fake.table.consumer = consumer.as<dispytch_consumer_api>();
  fake.table.abi_minor = 0;
  EXPECT_EQ(fake.refusal(), "");
  const auto adapter = fake.open();
  EXPECT_EQ(adapter->producer_capabilities(kNoConfig), adapter->capabilities());
  EXPECT_EQ(adapter->consumer_capabilities(kNoConfig), adapter->capabilities());
  EXPECT_TRUE(adapter->open_producer(kNoConfig, {}, kTimeout).has_value());
  const auto opened = adapter->open_consumer(kNoConfig, {}, kTimeout).value();
  const std::uint64_t token = 1;
  EXPECT_EQ(opened->begin({&token, 1}, true, kTimeout).error().code, ErrorCode::not_implemented);
  EXPECT_FALSE(adapter->takes_option(DISPYTCH_CAN_EPHEMERAL));
}

TEST(Table, TakesNewOptionsOnlyFromVersion1_1On) {
  Fake fake;
  fake.table.capabilities |= DISPYTCH_CAN_EPHEMERAL;
  EXPECT_TRUE(fake.open()->takes_option(DISPYTCH_CAN_EPHEMERAL));
  EXPECT_FALSE(fake.open()->takes_option(DISPYTCH_CAN_INSTANCE));
  fake.table.abi_minor = 0;
  EXPECT_FALSE(fake.open()->takes_option(DISPYTCH_CAN_EPHEMERAL)) << "a bit that it can't know";
}

// What one consumer can do, where that isn't what the backend can.
TEST(Table, AsksForTheCapabilitiesOfASingleConsumerAndProducer) {
  Fake fake;
  fake.table.capabilities |= DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_KEYS;
  fake.consumer.capabilities_for = [](dispytch_adapter*, const char* json, std::size_t len) noexcept -> std::uint64_t {
    const bool shared = std::string_view{json, len}.find("shared") != std::string_view::npos;
    return DISPYTCH_CAN_CONSUME | (shared ? DISPYTCH_CAN_ACK_EACH : 0) | DISPYTCH_CAN_SEEK;
  };
  fake.producer.capabilities_for = [](dispytch_adapter*, const char*, std::size_t) noexcept -> std::uint64_t {
    return DISPYTCH_CAN_PRODUCE;
  };
  const auto adapter = fake.open();
  EXPECT_EQ(adapter->consumer_capabilities("shared"), DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_ACK_EACH) << "no more than the table claims";
  EXPECT_EQ(adapter->consumer_capabilities("other"), DISPYTCH_CAN_CONSUME);
  EXPECT_TRUE(adapter->open_consumer("shared", {}, kTimeout).value()->can(DISPYTCH_CAN_ACK_EACH));
  EXPECT_FALSE(adapter->open_consumer("other", {}, kTimeout).value()->can(DISPYTCH_CAN_ACK_EACH));
  EXPECT_TRUE(adapter->can(DISPYTCH_CAN_KEYS));
  EXPECT_FALSE(adapter->open_producer(kNoConfig, {}, kTimeout).value()->can(DISPYTCH_CAN_KEYS));
}

TEST(Table, TellsThePluginWhatIsAboutToBeHandled) {
  Fake fake;
  fake.table.capabilities |= DISPYTCH_CAN_BEGIN;
  fake.consumer.begin = [](dispytch_consumer*, const std::uint64_t* tokens, std::uint32_t count, std::int32_t on, std::int32_t timeout_ms,
                           dispytch_error*) noexcept -> dispytch_status {
    current_begun = std::to_string(count) + " from " + std::to_string(tokens[0]) + ", on " + std::to_string(on) + ", " +
                    std::to_string(timeout_ms) + " ms";
    return tokens[0] == 9 ? DISPYTCH_EFENCED : DISPYTCH_OK;
  };
  const auto consumer = fake.open()->open_consumer(kNoConfig, {}, kTimeout).value();
  const std::array<std::uint64_t, 2> tokens{7, 8};
  EXPECT_TRUE(consumer->begin(tokens, true, std::chrono::milliseconds{5}));
  EXPECT_EQ(current_begun, "2 from 7, on 1, 5 ms");
  EXPECT_TRUE(consumer->begin(tokens, false, std::chrono::milliseconds{0}));
  EXPECT_EQ(current_begun, "2 from 7, on 0, 0 ms");
  const std::uint64_t stale = 9;
  EXPECT_EQ(consumer->begin({&stale, 1}, true, kTimeout).error().code, ErrorCode::fenced);
}

TEST(Table, MustBeOfTheEntrysVersion) {
  Fake fake;
  fake.table.abi_major = 2;
  EXPECT_THAT(fake.refusal(), HasSubstr("its table is of major version 2, but was returned by the entry of version 1"));
}

TEST(Table, NeedsItsTexts) {
  Fake fake;
  fake.table.config_schema = nullptr;
  EXPECT_THAT(fake.refusal(), HasSubstr("it has no config schema"));
  fake.table.version = nullptr;
  EXPECT_THAT(fake.refusal(), HasSubstr("it has no version"));
  fake.table.id = "";
  EXPECT_THAT(fake.refusal(), HasSubstr("it has no id"));
  fake.table.id = nullptr;
  EXPECT_THAT(fake.refusal(), HasSubstr("it has no id"));
}

TEST(Table, NeedsEveryFunctionThatIsNotOptional) {
  const auto refusal_without = [](auto forget) {
    Fake fake;
    forget(fake);
    return fake.refusal();
  };
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.table.open = nullptr; }), HasSubstr("its table has no function `open`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.table.capabilities_of = nullptr; }), HasSubstr("no function `capabilities_of`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.table.close = nullptr; }), HasSubstr("its table has no function `close`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.producer.open = nullptr; }), HasSubstr("its producer table has no function `open`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.producer.send = nullptr; }), HasSubstr("its producer table has no function `send`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.producer.reports = nullptr; }), HasSubstr("no function `reports`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.producer.flush = nullptr; }), HasSubstr("no function `flush`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.producer.close = nullptr; }), HasSubstr("its producer table has no function `close`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.open = nullptr; }), HasSubstr("its consumer table has no function `open`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.poll = nullptr; }), HasSubstr("no function `poll`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.wake = nullptr; }), HasSubstr("no function `wake`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.release = nullptr; }), HasSubstr("no function `release`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.settle = nullptr; }), HasSubstr("no function `settle`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.sync = nullptr; }), HasSubstr("no function `sync`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.headers = nullptr; }), HasSubstr("no function `headers`"));
  EXPECT_THAT(refusal_without([](Fake& fake) { fake.consumer.close = nullptr; }), HasSubstr("its consumer table has no function `close`"));
}

TEST(Table, MustKeepWhatItsCapabilitiesPromise) {
  Fake fake;
  fake.table.capabilities |= DISPYTCH_CAN_PAUSE;
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims the capability `pause`, but its consumer table has no function of that name"));
  fake.table.capabilities = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_SEEK;
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims the capability `seek`"));
  fake.table.capabilities = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_BEGIN;
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims the capability `begin`, but its consumer table has no function of that name"));
  fake.consumer.size = offsetof(dispytch_consumer_api, begin);
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims the capability `begin`"));
  fake.consumer.size = sizeof fake.consumer;
  fake.table.capabilities = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME;
  fake.table.consumer = nullptr;
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims that it can consume, but has no consumer table"));
  fake.table.consumer = &fake.consumer;
  fake.table.producer = nullptr;
  EXPECT_THAT(fake.refusal(), HasSubstr("it claims that it can produce, but has no producer table"));
}

TEST(Table, MayLackOneOfTheTwoSides) {
  Fake fake;
  fake.table.capabilities = DISPYTCH_CAN_PRODUCE;
  fake.table.consumer = nullptr;
  EXPECT_EQ(fake.refusal(), "");
  const auto adapter = fake.open();
  const auto consumer = adapter->open_consumer(kNoConfig, {}, kTimeout);
  ASSERT_FALSE(consumer.has_value());
  EXPECT_EQ(consumer.error().text, "a backend of the plugin `fake` can't consume with this configuration.");
  fake.table.producer = nullptr;
  fake.table.capabilities = 0;
  EXPECT_THAT(fake.refusal(), HasSubstr("it can neither produce nor consume"));
}

TEST(Adopt, ThrowsForATableThatLies) {
  Fake fake;
  fake.table.open = nullptr;
  EXPECT_THROW(adopt(fake.table), Exception);
}

TEST(Adapter, RefusesAnOpenThatReturnsNothing) {
  Fake fake;
  fake.returns_adapter = false;
  const auto opened = Adapter::open(fake.library, kNoConfig, {}, kTimeout);
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().text, HasSubstr("it says that it opened, but returned nothing"));
  EXPECT_EQ(fake.closed, 0);
}

TEST(Adapter, LivesAsLongAsWhatItOpened) {
  Fake fake;
  auto adapter = fake.open();
  auto producer = adapter->open_producer(kNoConfig, {}, kTimeout).value();
  adapter.reset();
  EXPECT_EQ(fake.closed, 0);
  producer.reset();
  EXPECT_EQ(fake.closed, 1);
}

TEST(Adapter, GivesAReasonWhereThePluginGivesNone) {
  Fake fake;
  const auto adapter = fake.open();
  const auto consumer = adapter->open_consumer(kNoConfig, {}, kTimeout).value();
  const Result<void> synced = consumer->sync(kTimeout);
  ASSERT_FALSE(synced.has_value());
  EXPECT_EQ(synced.error().code, ErrorCode::unavailable);
  EXPECT_EQ(synced.error().text, "the plugin `fake` failed at making settlements durable (unavailable, status -5) and gives no reason.");
  const auto producer = adapter->open_producer(kNoConfig, {}, kTimeout).value();
  const Result<void> flushed = producer->flush(kTimeout);
  ASSERT_FALSE(flushed.has_value());
  EXPECT_EQ(flushed.error().code, ErrorCode::timeout);
}

// A plugin of another version: its messages and sources are longer or shorter than ours. What it doesn't say reads as zero.
TEST(Batch, ReadsElementsOfAnotherLength) {
  Fake fake;
  const auto consumer = fake.open()->open_consumer(kNoConfig, {}, kTimeout).value();
  for (const std::size_t stride : {sizeof(dispytch_message) + 64, sizeof(dispytch_message), offsetof(dispytch_message, id)}) {
    std::vector<std::byte> array(3 * stride, std::byte{0xee});
    for (std::size_t i = 0; i < 3; ++i) {
      const dispytch_message one{.payload = plugin::bytes(std::string_view{"abc"}.substr(i, 1)), .source = 3, .token = 40 + i};
      std::memcpy(array.data() + i * stride, &one, std::min(stride, sizeof one));
    }
    const GuardedMemory guarded{array.data(), array.size()};
    const dispytch_batch raw{.size = sizeof raw,
                             .kind = DISPYTCH_MESSAGES,
                             .messages = guarded.as<dispytch_message>(),
                             .message_stride = static_cast<std::uint32_t>(stride),
                             .n_messages = 3};
    fake.batch = &raw;
    const Batch batch = consumer->poll(3, 100, kTimeout).value();
    ASSERT_EQ(batch.messages().size(), 3u);
    std::string payloads;
    std::uint64_t token = 40;
    for (const dispytch_message& message : batch.messages()) {
      payloads += plugin::view(message.payload);
      EXPECT_EQ(message.source, 3u);
      EXPECT_EQ(message.token, stride < sizeof(dispytch_message) ? 0u : token++);
    }
    EXPECT_EQ(payloads, "abc");
  }
}

TEST(Batch, ReadsSourcesOfAnotherLength) {
  Fake fake;
  const auto consumer = fake.open()->open_consumer(kNoConfig, {}, kTimeout).value();
  const std::size_t stride = offsetof(dispytch_source, meta);
  std::vector<std::byte> array(2 * stride);
  for (std::size_t i = 0; i < 2; ++i) {
    const dispytch_source one{
        .topic = plugin::bytes("flights"), .partition = static_cast<std::int32_t>(i), .offset = 9, .meta = plugin::bytes("x")};
    std::memcpy(array.data() + i * stride, &one, stride);
  }
  const GuardedMemory guarded{array.data(), array.size()};
  const dispytch_batch raw{.size = sizeof raw,
                           .kind = DISPYTCH_ASSIGNED,
                           .sources = guarded.as<dispytch_source>(),
                           .source_stride = static_cast<std::uint32_t>(stride),
                           .n_sources = 2,
                           .event_token = 5};
  fake.batch = &raw;
  const Batch batch = consumer->poll(3, 100, kTimeout).value();
  ASSERT_EQ(batch.sources().size(), 2u);
  EXPECT_EQ(batch.sources()[1].partition, 1);
  EXPECT_EQ(plugin::view(batch.sources()[1].topic), "flights");
  EXPECT_EQ(batch.sources()[1].meta.data, nullptr);
  EXPECT_EQ(batch.raw().event_token, 5u);
}

TEST(Batch, MayEndBeforeOurs) {
  Fake fake;
  const auto consumer = fake.open()->open_consumer(kNoConfig, {}, kTimeout).value();
  const dispytch_batch whole{
      .size = offsetof(dispytch_batch, text), .kind = DISPYTCH_DOWN, .code = DISPYTCH_EUNAVAILABLE, .text = plugin::bytes("not there")};
  const GuardedMemory cut{&whole, whole.size};
  fake.batch = cut.as<dispytch_batch>();
  const Batch batch = consumer->poll(3, 100, kTimeout).value();
  EXPECT_EQ(batch.kind(), static_cast<std::uint32_t>(DISPYTCH_DOWN));
  EXPECT_EQ(batch.raw().code, DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(batch.raw().text.data, nullptr);
}

TEST(Batch, IsReleasedOnceHoweverItIsMoved) {
  Fake fake;
  const auto consumer = fake.open()->open_consumer(kNoConfig, {}, kTimeout).value();
  const dispytch_batch raw{.size = sizeof raw, .kind = DISPYTCH_UP};
  fake.batch = &raw;
  {
    Batch first = consumer->poll(1, 1, kTimeout).value();
    Batch second{std::move(first)};
    Batch third;
    third = std::move(second);
    EXPECT_EQ(fake.released, 0);
    EXPECT_EQ(third.kind(), static_cast<std::uint32_t>(DISPYTCH_UP));
    third = consumer->poll(1, 1, kTimeout).value();
    EXPECT_EQ(fake.released, 1);
  }
  EXPECT_EQ(fake.released, 2);
  EXPECT_TRUE(consumer->close(kTimeout).has_value());
}

TEST(Notify, ReachesTheCallbackThatIsSet) {
  Fake fake;
  int first = 0, second = 0;
  const auto producer = fake.open()
                            ->open_producer(
                                kNoConfig, [&] { ++first; }, kTimeout)
                            .value();
  fake.host->notify(fake.host->context, fake.cookie);
  producer->set_notify([&] { ++second; });
  fake.host->notify(fake.host->context, fake.cookie);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(Notify, NeverReachesTheCallbackAfterClose) {
  Fake fake;
  const auto adapter = fake.open();
  std::atomic<bool> closed = false;
  std::atomic<int> before = 0, after = 0;
  const auto producer = adapter
                            ->open_producer(
                                kNoConfig, [&] { ++(closed ? after : before); }, kTimeout)
                            .value();
  // Joined by the plugin's close, as the contract wants; notifies until then.
  fake.notifier = std::jthread{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) fake.host->notify(fake.host->context, fake.cookie);
  }};
  while (before == 0) std::this_thread::yield();
  ASSERT_TRUE(producer->close(kTimeout).has_value());
  closed = true;
  // And a plugin that breaks the contract by going on.
  fake.host->notify(fake.host->context, fake.cookie);
  EXPECT_EQ(after, 0);
}

}  // namespace
}  // namespace dispytch::border
