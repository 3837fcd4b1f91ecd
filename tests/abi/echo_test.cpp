// One broker, built in four ways: what crosses the border is the same for each of them.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/message.hpp>
#include <dispytch/plugin/message.hpp>

#include "abi/support.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::border {
namespace {

using plugin::bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kNoLimit = UINT64_MAX;

class Echo : public ::testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<Adapter> open(std::string_view json = kNoConfig) {
    return Adapter::open(*load(library_path(GetParam()).string()).value(), json, {}, kTimeout).value();
  }

  static dispytch_message message(std::string_view payload, std::uint64_t token = 1) {
    return {.topic = bytes("echo"), .payload = bytes(payload), .token = token};
  }

  // A consumer whose assignment is acknowledged.
  static std::unique_ptr<ConsumerHandle> consumer_of(Adapter& adapter) {
    auto consumer = adapter.open_consumer(R"({"topics":[{"name":"echo"}],"config":{}})", {}, kTimeout).value();
    const Batch assigned = consumer->poll(10, kNoLimit, kTimeout).value();
    EXPECT_EQ(assigned.kind(), static_cast<std::uint32_t>(DISPYTCH_ASSIGNED));
    settle(*consumer, assigned.raw().event_token, DISPYTCH_ACK);
    return consumer;
  }

  static dispytch_status settle(ConsumerHandle& consumer, std::uint64_t token, std::uint32_t action) {
    const dispytch_settlement one{.token = token, .action = action, .delay_ms = 0};
    dispytch_error error = empty_error();
    return consumer.settle({&one, 1}, error);
  }

  static void send(Adapter& adapter, std::vector<dispytch_message> messages) {
    const auto producer = adapter.open_producer(kNoConfig, {}, kTimeout).value();
    std::uint32_t accepted = 0;
    dispytch_error error = empty_error();
    ASSERT_EQ(producer->send(messages, accepted, error), DISPYTCH_OK) << error.text;
    ASSERT_EQ(accepted, messages.size());
  }
};

TEST_P(Echo, CarriesAMessageThereAndBack) {
  const auto adapter = open();
  const std::array headers{dispytch_header{bytes("trace"), bytes("1")}, dispytch_header{bytes("trace"), bytes("")}};
  send(*adapter, {{.topic = bytes("echo"),
                   .key = bytes("N14228"),
                   .payload = bytes("{}"),
                   .headers = headers.data(),
                   .n_headers = headers.size(),
                   .flags = DISPYTCH_MSG_TIMESTAMP,
                   .timestamp_ms = 1'357'034'400'000,
                   .token = 5}});

  const auto consumer = consumer_of(*adapter);
  const Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
  ASSERT_EQ(batch.messages().size(), 1u);
  const Message received{batch.messages()[0], &consumer->api(), consumer->raw()};
  EXPECT_EQ(received.topic(), "echo");
  EXPECT_EQ(received.key(), "N14228");
  EXPECT_EQ(received.payload(), "{}");
  EXPECT_EQ(received.timestamp(), Timestamp{std::chrono::milliseconds{1'357'034'400'000}});
  EXPECT_EQ(received.partition(), std::nullopt);
  EXPECT_FALSE(received.redelivered());
  ASSERT_EQ(received.headers().size(), 2u);
  EXPECT_EQ(received.headers()[0].key, "trace");
  EXPECT_EQ(received.headers()[0].value, "1");
  EXPECT_EQ(received.header("trace"), "");
  EXPECT_EQ(received.header("span"), std::nullopt);
}

TEST_P(Echo, TellsWhatIsAbsentFromWhatIsEmpty) {
  const auto adapter = open();
  send(*adapter, {{.topic = bytes("echo"), .key = bytes(""), .token = 1}, {.topic = bytes("echo"), .payload = bytes(""), .token = 2}});

  const auto consumer = consumer_of(*adapter);
  const Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
  ASSERT_EQ(batch.messages().size(), 2u);
  const Message tombstone{batch.messages()[0], &consumer->api(), consumer->raw()};
  EXPECT_EQ(tombstone.key(), "");
  EXPECT_EQ(tombstone.payload(), std::nullopt);
  const Message without_key{batch.messages()[1], &consumer->api(), consumer->raw()};
  EXPECT_EQ(without_key.key(), std::nullopt);
  EXPECT_EQ(without_key.payload(), "");
  EXPECT_THAT(without_key.headers(), IsEmpty());
}

TEST_P(Echo, TakesAPrefixWhenItIsFull) {
  const auto adapter = open(R"({"config":{"capacity":2}})");
  const auto producer = adapter->open_producer(kNoConfig, {}, kTimeout).value();
  const std::vector messages{message("a", 1), message("b", 2), message("c", 3)};
  std::uint32_t accepted = 0;
  dispytch_error error = empty_error();
  EXPECT_EQ(producer->send(messages, accepted, error), DISPYTCH_AGAIN);
  EXPECT_EQ(accepted, 2u);
}

TEST_P(Echo, SaysWhyItRefusesTheMessageAfterThePrefix) {
  const auto adapter = open();
  const auto producer = adapter->open_producer(kNoConfig, {}, kTimeout).value();
  const std::vector messages{message("a", 1), dispytch_message{.payload = bytes("no topic"), .token = 2}, message("c", 3)};
  std::uint32_t accepted = 0;
  dispytch_error error = empty_error();
  EXPECT_EQ(producer->send(messages, accepted, error), DISPYTCH_EINVAL);
  EXPECT_EQ(accepted, 1u);
  EXPECT_STREQ(error.text, "a message needs a topic");
}

TEST_P(Echo, ReportsEachMessageItTook) {
  const auto adapter = open();
  int notified = 0;
  const auto producer = adapter
                            ->open_producer(
                                kNoConfig, [&] { ++notified; }, kTimeout)
                            .value();
  const std::vector messages{message("a", 11), message("b", 12), message("c", 13)};
  std::uint32_t accepted = 0;
  dispytch_error error = empty_error();
  ASSERT_EQ(producer->send(messages, accepted, error), DISPYTCH_OK);
  EXPECT_EQ(notified, 1);
  ASSERT_TRUE(producer->flush(kTimeout).has_value());

  std::vector<std::uint64_t> reported;
  std::uint32_t count = 1;
  while (count > 0) {
    std::array<dispytch_report, 2> reports{};
    ASSERT_EQ(producer->reports(reports, count), DISPYTCH_OK);
    for (std::uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(reports[i].code, DISPYTCH_OK);
      EXPECT_NE(reports[i].flags & DISPYTCH_REPORT_OFFSET, 0u);
      reported.push_back(reports[i].token);
    }
  }
  EXPECT_THAT(reported, ElementsAre(11, 12, 13));
}

// A host of another version: its messages are longer or shorter than the plugin's. What it doesn't say reads as zero.
TEST_P(Echo, ReadsElementsOfAnotherLength) {
  for (const std::size_t stride : {sizeof(dispytch_message) + 64, offsetof(dispytch_message, id)}) {
    const dispytch_plugin& table = load(library_path(GetParam()).string()).value()->table();
    const dispytch_producer_api& api = *table.producer;
    std::vector<std::byte> array(3 * stride, std::byte{0xee});
    for (std::size_t i = 0; i < 3; ++i) {
      const dispytch_message one = message(std::string_view{"abc"}.substr(i, 1), 1);
      std::memcpy(array.data() + i * stride, &one, std::min(stride, sizeof one));
    }
    const GuardedMemory guarded{array.data(), array.size()};

    HostServices host{"echo", {}};
    dispytch_adapter* adapter = nullptr;
    dispytch_producer* raw = nullptr;
    dispytch_error error = empty_error();
    const std::string_view json = kNoConfig;
    ASSERT_EQ(table.open(host.raw(), json.data(), json.size(), 0, &adapter, &error), DISPYTCH_OK);
    ASSERT_EQ(api.open(adapter, json.data(), json.size(), host.add_cookie({}), 0, &raw, &error), DISPYTCH_OK);
    std::uint32_t accepted = 0;
    EXPECT_EQ(api.send(raw, guarded.as<dispytch_message>(), static_cast<std::uint32_t>(stride), 3, &accepted, &error), DISPYTCH_OK);
    EXPECT_EQ(accepted, 3u);

    const std::size_t report_stride = offsetof(dispytch_report, text);
    const std::vector<std::byte> zeroes(3 * report_stride);
    const GuardedMemory reports{zeroes.data(), zeroes.size()};
    std::uint32_t count = 0;
    EXPECT_EQ(api.reports(raw, reports.as<dispytch_report>(), static_cast<std::uint32_t>(report_stride), 3, &count), DISPYTCH_OK);
    EXPECT_EQ(count, 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      std::uint64_t token = 0;
      std::memcpy(&token, reports.as<std::byte>() + i * report_stride, sizeof token);
      EXPECT_EQ(token, stride < sizeof(dispytch_message) ? 0u : 1u);
    }
    EXPECT_EQ(api.close(raw, 0, &error), DISPYTCH_OK);
    EXPECT_EQ(table.close(adapter, 0, &error), DISPYTCH_OK);
  }
}

TEST_P(Echo, KeepsABatchUntilItIsReleasedEvenIfSettledBefore) {
  const auto adapter = open();
  send(*adapter, {message("first", 1), message("second", 2)});
  const auto consumer = consumer_of(*adapter);
  Batch first = consumer->poll(1, kNoLimit, kTimeout).value();
  const Batch second = consumer->poll(1, kNoLimit, kTimeout).value();
  ASSERT_EQ(first.messages().size(), 1u);
  ASSERT_EQ(second.messages().size(), 1u);
  EXPECT_EQ(settle(*consumer, first.messages()[0].token, DISPYTCH_ACK), DISPYTCH_OK);
  EXPECT_EQ(settle(*consumer, second.messages()[0].token, DISPYTCH_ACK), DISPYTCH_OK);
  EXPECT_EQ(plugin::view(second.messages()[0].payload), "second");
  EXPECT_EQ(plugin::view(first.messages()[0].payload), "first");
  first.release();
  EXPECT_EQ(plugin::view(second.messages()[0].payload), "second");
}

TEST_P(Echo, RefusesATokenThatWasSettled) {
  const auto adapter = open();
  send(*adapter, {message("once")});
  const auto consumer = consumer_of(*adapter);
  const Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
  ASSERT_EQ(batch.messages().size(), 1u);
  EXPECT_EQ(settle(*consumer, batch.messages()[0].token, DISPYTCH_ACK), DISPYTCH_OK);
  EXPECT_EQ(settle(*consumer, batch.messages()[0].token, DISPYTCH_ACK), DISPYTCH_EFENCED);
  EXPECT_TRUE(consumer->sync(kTimeout).has_value());
}

TEST_P(Echo, DeliversARequeuedMessageAgain) {
  const auto adapter = open();
  send(*adapter, {message("again")});
  const auto consumer = consumer_of(*adapter);
  {
    const Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
    ASSERT_EQ(batch.messages().size(), 1u);
    EXPECT_EQ(settle(*consumer, batch.messages()[0].token, DISPYTCH_REQUEUE), DISPYTCH_OK);
  }
  const Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
  ASSERT_EQ(batch.messages().size(), 1u);
  EXPECT_NE(batch.messages()[0].flags & DISPYTCH_MSG_REDELIVERED, 0u);
}

TEST_P(Echo, ReturnsNoBatchWhenThereIsNothing) {
  const auto adapter = open();
  const auto consumer = consumer_of(*adapter);
  const Result<Batch> nothing = consumer->poll(10, kNoLimit, std::chrono::milliseconds{0});
  ASSERT_TRUE(nothing.has_value());
  EXPECT_FALSE(static_cast<bool>(*nothing));
  EXPECT_TRUE(nothing->messages().empty());
}

TEST_P(Echo, RefusesToCloseWhileABatchIsInUse) {
  const auto adapter = open();
  send(*adapter, {message("held")});
  const auto consumer = consumer_of(*adapter);
  Batch batch = consumer->poll(10, kNoLimit, kTimeout).value();
  const Result<void> refused = consumer->close(kTimeout);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_THAT(refused.error().text, HasSubstr("1 of its batches"));
  batch.release();
  EXPECT_TRUE(consumer->close(kTimeout).has_value());
}

TEST_P(Echo, KeepsTheOptionsPointerWhenOpeningFails) {
  const auto failed = Adapter::open(*load(library_path(GetParam()).string()).value(), R"({"config":{"fail":"now"}})", {}, kTimeout);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::config);
  EXPECT_EQ(failed.error().text, "/config/fail: expected to be absent; remove it to open the echo");
  EXPECT_TRUE(failed.error().retriable);
  EXPECT_EQ(failed.error().broker_code, 42);
}

TEST_P(Echo, IsTrustedNoFurtherThanItsTable) {
  const auto adapter = open();
  EXPECT_EQ(adapter->capabilities(), adapter->library().capabilities());
  EXPECT_TRUE(adapter->can(DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_ACK_EACH));
  EXPECT_FALSE(adapter->can(DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_PAUSE));
}

TEST_P(Echo, RecordsItsMetricsWithTheHost) {
  const auto adapter = open();
  const std::vector<MetricValue> metrics = adapter->metrics().snapshot();
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].name, "opened");
  EXPECT_EQ(metrics[0].unit, "1");
  EXPECT_EQ(metrics[0].kind, MetricKind::counter);
  EXPECT_EQ(metrics[0].value, 1.0);
}

TEST_P(Echo, SaysWhatItCanNotDo) {
  const auto adapter = open();
  const auto consumer = consumer_of(*adapter);
  const Result<void> paused = consumer->pause({}, true);
  ASSERT_FALSE(paused.has_value());
  EXPECT_EQ(paused.error().code, ErrorCode::not_implemented);
  const Result<void> moved = consumer->seek({}, kTimeout);
  ASSERT_FALSE(moved.has_value());
  EXPECT_EQ(moved.error().code, ErrorCode::not_implemented);
}

#ifdef DISPYTCH_HAS_ECHO_CLANG
INSTANTIATE_TEST_SUITE_P(BuiltByClangAs, Echo, ::testing::Values("echo_clang"), [](const auto& test) { return test.param; });
#endif
INSTANTIATE_TEST_SUITE_P(BuiltAs, Echo, ::testing::Values("echo_c", "echo_v1", "echo_sdk"),
                         [](const ::testing::TestParamInfo<const char*>& build) { return std::string{build.param}; });

}  // namespace
}  // namespace dispytch::border
