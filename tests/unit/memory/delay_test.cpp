// Messages that are to come later: requeued ones, and those that were sent so.
#include <cstdint>
#include <limits>
#include <thread>

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DelayTest : public BrokerTest {
 protected:
  void SetUp() override { open(one_topic(1)); }

  dispytch_status requeue(Reader& reader, std::uint64_t token, std::uint32_t delay_ms) {
    const dispytch_settlement settlement{token, DISPYTCH_REQUEUE, delay_ms};
    return reader.consumer.settle({&settlement, sizeof(settlement), 1}).code();
  }
  void put_at(const std::string& payload, std::int64_t deliver_at_ms) {
    dispytch_message message{};
    message.topic = plugin::bytes("orders");
    message.payload = plugin::bytes(payload);
    message.flags = DISPYTCH_MSG_DELIVER_AT;
    message.deliver_at_ms = deliver_at_ms;
    message.token = ++last_token;
    EXPECT_EQ(producer->send({&message, sizeof(message), 1}).count, 1U);
  }
  std::int64_t unix_ms() const { return 1'000'000 + host.now.count(); }
};

TEST_F(DelayTest, ARequeuedMessageComesAgainWhenItIsDueByAnotherToken) {
  const auto billing = reader();
  put_all({{.payload = "a"}, {.payload = "b"}});
  const std::vector<Received> first = billing->poll_all();
  EXPECT_EQ(requeue(*billing, first[0].token, 1000), DISPYTCH_OK);
  EXPECT_EQ(billing->settle(first[0].token), DISPYTCH_EFENCED);
  EXPECT_EQ(requeue(*billing, first[0].token, 1000), DISPYTCH_EFENCED);
  put({.payload = "c"});
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("c")) << "the others go on";
  host.now += milliseconds{999};
  EXPECT_THAT(billing->poll_all(), IsEmpty());
  host.now += milliseconds{1};
  const std::vector<Received> again = billing->poll_all();
  ASSERT_THAT(payloads(again), ElementsAre("a"));
  EXPECT_EQ(again[0].attempt, 2U);
  EXPECT_NE(again[0].flags & DISPYTCH_MSG_REDELIVERED, 0U);
  EXPECT_EQ(again[0].offset, 0);
  EXPECT_NE(again[0].token, first[0].token);
  EXPECT_EQ(billing->settle(first[0].token), DISPYTCH_EFENCED) << "of the delivery before";
  EXPECT_EQ(billing->settle(again[0].token), DISPYTCH_OK);
  EXPECT_EQ(billing->settle(again[0].token), DISPYTCH_EFENCED);
}

TEST_F(DelayTest, AMessageMayBeRequeuedTimeAndAgain) {
  const auto billing = reader();
  put({.payload = "a"});
  for (std::uint32_t attempt = 1; attempt <= 40; ++attempt) {
    const std::vector<Received> messages = billing->poll_all();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].attempt, attempt);
    EXPECT_EQ(requeue(*billing, messages[0].token, attempt % 2), DISPYTCH_OK);
    host.now += milliseconds{attempt % 2};
  }
}

TEST_F(DelayTest, WhatIsRequeuedIsKeptAndOutlivesItsConsumer) {
  put_all({{.payload = "a"}, {.payload = "b"}});
  {
    const auto billing = reader();
    const std::vector<Received> messages = billing->poll_all();
    EXPECT_EQ(requeue(*billing, messages[0].token, 1000), DISPYTCH_OK);
    EXPECT_EQ(billing->settle(messages[1].token), DISPYTCH_OK);
  }
  EXPECT_EQ(find("orders")->partitions()[0]->start(), 0);
  const auto next = reader();
  EXPECT_THAT(next->poll_all(), IsEmpty()) << "for the next consumer as well";
  host.now += milliseconds{1000};
  const std::vector<Received> messages = next->poll_all();
  ASSERT_THAT(payloads(messages), ElementsAre("a"));
  EXPECT_EQ(next->settle(messages[0].token), DISPYTCH_OK);
  EXPECT_EQ(find("orders")->partitions()[0]->start(), 2);
}

TEST_F(DelayTest, ATokenOfADelayedMessageEndsWithItsPartition) {
  auto billing = reader();
  put({.payload = "a"});
  EXPECT_EQ(requeue(*billing, billing->poll_all().at(0).token, 0), DISPYTCH_OK);
  const Received again = billing->poll_all().at(0);
  const plugin::Source source = billing->held.begin()->second;
  EXPECT_TRUE(billing->consumer.seek({&source, 1}, milliseconds{0}).ok());
  EXPECT_EQ(billing->settle(again.token), DISPYTCH_EFENCED);
}

TEST_F(DelayTest, DelayedMessagesKeepToTheLimitsOfAPollAndToAPause) {
  const auto billing = reader();
  put_all({{.payload = "aaaa"}, {.payload = "bbbb"}, {.payload = "cccc"}});
  for (const Received& message : billing->poll_all()) EXPECT_EQ(requeue(*billing, message.token, 0), DISPYTCH_OK);
  EXPECT_THAT(billing->poll(0), IsEmpty());
  EXPECT_THAT(payloads(billing->poll(1)), ElementsAre("aaaa"));
  EXPECT_THAT(payloads(billing->poll(10, 5)), ElementsAre("bbbb"));
  const plugin::Source source = billing->held.begin()->second;
  EXPECT_TRUE(billing->consumer.pause({&source, 1}, true).ok());
  EXPECT_THAT(billing->poll_all(), IsEmpty());
  EXPECT_TRUE(billing->consumer.pause({&source, 1}, false).ok());
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("cccc"));
}

TEST_F(DelayTest, AMessageIsDeliveredNotBeforeTheTimeThatItSays) {
  const auto billing = reader();
  put_at("later", unix_ms() + 500);
  put_at("now", unix_ms());
  put_at("never", std::numeric_limits<std::int64_t>::max());
  put({.payload = "plain"});
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("now", "plain"));
  host.now += milliseconds{499};
  EXPECT_THAT(billing->poll_all(), IsEmpty());
  host.now += milliseconds{1};
  const std::vector<Received> messages = billing->poll_all();
  ASSERT_THAT(payloads(messages), ElementsAre("later"));
  EXPECT_EQ(messages[0].attempt, 1U);
  host.now += std::chrono::hours{24 * 365};
  EXPECT_THAT(billing->poll_all(), IsEmpty());
}

TEST_F(DelayTest, EachGroupWaitsByItself) {
  put_at("later", unix_ms() + 500);
  const auto billing = reader(), audit = reader({.names = {"orders"}, .group = "audit"}, 3);
  EXPECT_THAT(billing->poll_all(), IsEmpty());
  host.now += milliseconds{500};
  EXPECT_THAT(payloads(audit->poll_all()), ElementsAre("later"));
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("later"));
}

TEST_F(DelayTest, APollThatWaitsIsToldOfWhatIsRequeued) {
  const auto billing = reader();
  put({.payload = "a"});
  const std::uint64_t token = billing->poll_all().at(0).token;
  plugin::BatchOut out;
  std::jthread poller{[&] { EXPECT_TRUE(billing->consumer.poll({10, 1 << 20}, std::chrono::minutes{1}, out).ok()); }};
  EXPECT_EQ(requeue(*billing, token, 0), DISPYTCH_OK);
  poller.join();
  const dispytch_batch* const batch = out.take();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(plugin::view(batch->messages[0].payload), "a");
  plugin::detail::Batch::release(batch);
}

}  // namespace
}  // namespace dispytch::memory
