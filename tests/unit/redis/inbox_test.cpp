#include "inbox.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "parsed.hpp"

namespace {

using dispytch::plugin::BatchOut;
using dispytch::plugin::Limits;
using dispytch::redis::Arrival;
using dispytch::redis::element;
using dispytch::redis::EntryId;
using dispytch::redis::FieldNames;
using dispytch::redis::Inbox;
using dispytch::redis::Layout;
using dispytch::redis::Stream;
using std::chrono::milliseconds;

struct Release {
  void operator()(const dispytch_batch* batch) const noexcept { dispytch::plugin::detail::Batch::release(batch); }
};
using Batch = std::unique_ptr<const dispytch_batch, Release>;

class RedisInbox : public ::testing::Test {
 protected:
  RedisInbox() {
    poll();  // the assignment
    inbox.acknowledge(std::uint64_t{1} << 63);
  }
  static Inbox::Streams make_streams() {
    Inbox::Streams all;
    all.push_back(std::make_unique<Stream>("a", 0, "g"));
    all.push_back(std::make_unique<Stream>("b", 1, "g"));
    return all;
  }
  void arrive(std::size_t stream, std::uint64_t ms, std::uint32_t deliveries = 1, std::string_view record = {},
              const std::string& payload = "p") {
    const std::shared_ptr<const redisReply> owner{
        dispytch::redis::testing::parsed(dispytch::redis::testing::entry(std::to_string(ms) + "-0", {"payload", payload})).release(),
        dispytch::redis::FreeReply{}};
    const Arrival arrival{.owner = owner, .entry = owner.get(), .id = {ms, 0}, .deliveries = deliveries, .record = record};
    inbox.arrived(*streams[stream], {&arrival, 1});
  }
  Batch poll(Limits limits = {.max_messages = 100, .max_bytes = 1 << 20}) {
    BatchOut out;
    EXPECT_TRUE(inbox.poll(limits, milliseconds{0}, out, [this] { ++taken; }).ok());
    return Batch{out.take()};
  }

  const Layout layout{FieldNames{}};
  const Inbox::Streams streams = make_streams();
  Inbox inbox{layout, streams, {}};
  int taken = 0;
};

TEST_F(RedisInbox, HandsOutWhatArrivedAndSettlesItOnce) {
  arrive(0, 5);
  const Batch batch = poll();
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->n_messages, 1U);
  EXPECT_EQ(dispytch::plugin::view(batch->messages[0].id), "5-0");
  EXPECT_EQ(batch->messages[0].offset, 5 << EntryId::kSeqBits);
  EXPECT_EQ(taken, 1);
  const auto settled = inbox.settle(batch->messages[0].token);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->id, (EntryId{5, 0}));
  EXPECT_FALSE(inbox.settle(batch->messages[0].token));
  EXPECT_FALSE(inbox.holds_any());
}

TEST_F(RedisInbox, RefusesTokensOfAnEarlierMessageInTheSamePlace) {
  arrive(0, 5);
  const std::uint64_t first = poll()->messages[0].token;
  ASSERT_TRUE(inbox.settle(first));
  arrive(0, 6);
  const std::uint64_t second = poll()->messages[0].token;
  EXPECT_NE(first, second);
  EXPECT_FALSE(inbox.settle(first));
  EXPECT_FALSE(inbox.settle(first ^ 0x5a5a'5a5a'5a5a'5a5a));
  EXPECT_FALSE(inbox.settle(0));
  EXPECT_TRUE(inbox.settle(second));
}

TEST_F(RedisInbox, KeepsToTheLimits) {
  for (std::uint64_t ms = 1; ms <= 5; ++ms) arrive(0, ms, 1, {}, std::string(100, 'x'));
  EXPECT_EQ(poll({.max_messages = 2, .max_bytes = 1000})->n_messages, 2U);
  EXPECT_EQ(poll({.max_messages = 9, .max_bytes = 250})->n_messages, 2U);
  EXPECT_EQ(poll({.max_messages = 9, .max_bytes = 1})->n_messages, 1U);
  EXPECT_FALSE(poll());
}

TEST_F(RedisInbox, WithholdsAPausedStream) {
  arrive(0, 1);
  arrive(1, 2);
  inbox.pause(0, true);
  const Batch other = poll();
  ASSERT_EQ(other->n_messages, 1U);
  EXPECT_EQ(dispytch::plugin::view(other->messages[0].topic), "b");
  EXPECT_FALSE(poll());
  inbox.pause(0, false);
  EXPECT_EQ(poll()->n_messages, 1U);
}

TEST_F(RedisInbox, TakesAMessageThatComesAgainOnlyWhereItIsNotInHand) {
  arrive(0, 5);
  arrive(0, 5, 2);
  EXPECT_EQ(poll()->n_messages, 1U);
  arrive(0, 5, 3);
  EXPECT_FALSE(poll());
}

TEST_F(RedisInbox, SaysWhatIsKnownOfADelivery) {
  arrive(0, 1, 3);
  arrive(0, 2, 1, "4 2 0");
  arrive(0, 3, 1, "- 1 0");
  const Batch batch = poll();
  ASSERT_EQ(batch->n_messages, 3U);
  EXPECT_EQ(batch->messages[0].attempt, 3U);
  EXPECT_NE(batch->messages[0].flags & DISPYTCH_MSG_REDELIVERED, 0U);
  EXPECT_EQ(batch->messages[0].flags & DISPYTCH_MSG_ATTEMPTS, 0U);
  EXPECT_EQ(batch->messages[1].attempts, 4U);
  EXPECT_EQ(batch->messages[1].begun, 2U);
  EXPECT_NE(batch->messages[1].flags & DISPYTCH_MSG_ATTEMPTS, 0U);
  EXPECT_EQ(batch->messages[2].flags & DISPYTCH_MSG_ATTEMPTS, 0U);
  EXPECT_EQ(batch->messages[2].begun, 1U);
}

TEST_F(RedisInbox, TellsOfLostMessagesThatTheHostHasAndDropsTheOthers) {
  arrive(0, 1);
  const std::uint64_t token = poll()->messages[0].token;
  arrive(0, 2);
  inbox.lose(*streams[0], {{1, 0}, {2, 0}}, {.code = DISPYTCH_EFENCED, .text = "gone"});
  const Batch lost = poll();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->kind, static_cast<unsigned>(DISPYTCH_LOST));
  ASSERT_EQ(lost->n_tokens, 1U);
  EXPECT_EQ(lost->tokens[0], token);
  EXPECT_FALSE(poll()) << "the second was never delivered";
  EXPECT_FALSE(inbox.settle(token));
  EXPECT_FALSE(inbox.holds_any());
}

TEST_F(RedisInbox, CountsDeliveriesThatTheHostSaw) {
  arrive(0, 1, 2);
  ASSERT_EQ(inbox.held(*streams[0]).size(), 1U);
  EXPECT_EQ(inbox.held(*streams[0])[0].deliveries, 1U) << "the second delivery waits here";
  poll();
  EXPECT_EQ(inbox.held(*streams[0])[0].deliveries, 2U);
}

}  // namespace
