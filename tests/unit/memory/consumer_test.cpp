#include <cstdint>
#include <thread>

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- notify ----

TEST_F(BrokerTest, TellsAConsumerOnceBetweenTwoPolls) {
  open(one_topic(1));
  const auto billing = reader();
  billing->poll_all();
  host.notified.clear();
  put_all({{}, {}});
  put({});
  EXPECT_EQ(host.notified[kConsumer], 1);
  billing->poll(0);
  put({});
  EXPECT_EQ(host.notified[kConsumer], 2) << "after a poll without credit it is told again";
}

TEST_F(BrokerTest, DoesNotTellAConsumerOfWhatItDoesNotHold) {
  open(with_topics({{"orders", {}}, {"audit", {}}}));
  const auto billing = reader();
  billing->poll_all();
  host.notified.clear();
  put({.topic = "audit"});
  EXPECT_EQ(host.notified[kConsumer], 0);
}

TEST_F(BrokerTest, TellsAConsumerWhenItsAssignmentIsAcknowledged) {
  open(one_topic(1));
  const auto billing = reader();
  billing->acknowledge_events = false;
  put({});
  EXPECT_THAT(billing->poll(), IsEmpty());
  EXPECT_THAT(billing->events, ElementsAre(static_cast<std::uint32_t>(DISPYTCH_ASSIGNED)));
  EXPECT_THAT(billing->poll(), IsEmpty());
  host.notified.clear();
  EXPECT_EQ(billing->settle(billing->last_event), DISPYTCH_OK);
  EXPECT_EQ(host.notified[kConsumer], 1);
  EXPECT_EQ(billing->poll().size(), 1u);
  EXPECT_EQ(billing->settle(billing->last_event), DISPYTCH_EFENCED) << "an event is done once";
}

TEST_F(BrokerTest, AWaitingPollEndsWithAMessage) {
  open(one_topic(1));
  const auto billing = reader();
  billing->poll_all();
  plugin::BatchOut out;
  std::jthread poller{[&] { EXPECT_TRUE(billing->consumer.poll({10, 1 << 20}, std::chrono::minutes{1}, out).ok()); }};
  put({.payload = "at last"});
  poller.join();
  const dispytch_batch* const batch = out.take();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(plugin::view(batch->messages[0].payload), "at last");
  plugin::detail::Batch::release(batch);
}

TEST_F(BrokerTest, AWakeEndsOnePoll) {
  open(one_topic(1));
  const auto billing = reader();
  billing->poll_all();
  plugin::BatchOut out;
  billing->consumer.wake();
  EXPECT_TRUE(billing->consumer.poll({10, 1 << 20}, std::chrono::minutes{1}, out).ok());
  EXPECT_TRUE(out.empty());
  std::jthread waker{[&] { billing->consumer.wake(); }};
  EXPECT_TRUE(billing->consumer.poll({10, 1 << 20}, std::chrono::minutes{1}, out).ok());
  EXPECT_TRUE(out.empty());
}

// ---- batches ----

TEST_F(BrokerTest, SourcesTakeTurnsAtBeingFirst) {
  open(one_topic(3));
  const auto billing = reader();
  billing->poll_all();
  for (int i = 0; i < 30; ++i) put({.partition = i % 3});
  std::map<std::int32_t, int> came;
  for (int i = 0; i < 3; ++i) {
    for (const Received& message : billing->poll(4)) ++came[message.partition];
  }
  EXPECT_THAT(came, ElementsAre(std::pair{0, 4}, std::pair{1, 4}, std::pair{2, 4}));
}

TEST_F(BrokerTest, ViewsOutliveTheMessages) {
  open(one_topic(1));
  const auto billing = reader();
  billing->poll_all();
  for (int i = 0; i < 600; ++i) put({.payload = std::to_string(i)});
  plugin::BatchOut out;
  EXPECT_TRUE(billing->consumer.poll({600, 1 << 20}, milliseconds{0}, out).ok());
  const dispytch_batch* const batch = out.take();
  EXPECT_EQ(billing->settle(batch->messages[599].token, DISPYTCH_ACK_UP_TO), DISPYTCH_OK);
  EXPECT_EQ(find("orders")->partitions()[0]->start(), 600) << "the broker has dropped them all";
  for (std::uint32_t i = 0; i < 600; ++i) ASSERT_EQ(plugin::view(batch->messages[i].payload), std::to_string(i));
  plugin::detail::Batch::release(batch);
}

TEST_F(BrokerTest, SaysHowOftenAMessageWasDelivered) {
  open(one_topic(1));
  put({});
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    const Received message = reader()->poll_all().at(0);
    EXPECT_EQ(message.attempt, attempt);
    EXPECT_EQ((message.flags & DISPYTCH_MSG_REDELIVERED) != 0, attempt > 1);
  }
}

// ---- settling ----

TEST_F(BrokerTest, RefusesAnActionThatItDoesNotOfferAndTakesTheRest) {
  open(one_topic(1));
  const auto billing = reader();
  put_all({{.payload = "a"}, {.payload = "b"}});
  const std::vector<Received> messages = billing->poll_all();
  const dispytch_settlement settlements[] = {{messages[0].token, DISPYTCH_REJECT, 0}, {messages[1].token, DISPYTCH_ACK, 0}};
  const plugin::Status status = billing->consumer.settle({settlements, sizeof(dispytch_settlement), 2});
  EXPECT_EQ(status.code(), DISPYTCH_ENOTIMPL);
  EXPECT_EQ(billing->settle(messages[1].token), DISPYTCH_EFENCED) << "it is settled already";
  EXPECT_EQ(billing->settle(messages[0].token), DISPYTCH_OK) << "it is untouched";
}

TEST_F(BrokerTest, TokensOfAnotherConsumerAreNothingHere) {
  open(one_topic(1));
  const auto billing = reader(), audit = reader({.names = {"orders"}, .group = "audit"});
  audit->poll_all();
  EXPECT_EQ(audit->settle(0), DISPYTCH_EFENCED);
  EXPECT_EQ(audit->settle(~std::uint64_t{0}), DISPYTCH_EFENCED);
  EXPECT_EQ(audit->settle(std::uint64_t{500} << 48), DISPYTCH_EFENCED);
}

// ---- lag ----

TEST_F(BrokerTest, SaysHowManyMessagesOfEachSourceAreNotSettled) {
  open(one_topic(2));
  const auto billing = reader();
  EXPECT_THAT(billing->consumer.lag(), IsEmpty()) << "nothing is assigned yet";
  billing->poll_all();
  const auto lag = [&] {
    std::vector<std::int64_t> all;
    for (const plugin::Lag& each : billing->consumer.lag()) {
      EXPECT_TRUE(billing->held.contains(each.source));
      all.push_back(each.messages);
    }
    return all;
  };
  EXPECT_THAT(lag(), ElementsAre(0, 0));
  for (int i = 0; i < 4; ++i) put({.payload = std::to_string(i), .partition = 0});
  EXPECT_THAT(lag(), ElementsAre(4, 0)) << "delivered or not";
  const std::vector<Received> messages = billing->poll_all();
  billing->settle(messages[2].token);
  EXPECT_THAT(lag(), ElementsAre(3, 0)) << "out of order";
  billing->settle(messages[0].token);
  EXPECT_THAT(lag(), ElementsAre(2, 0));
  billing->settle(messages[3].token, DISPYTCH_ACK_UP_TO);
  EXPECT_THAT(lag(), ElementsAre(0, 0));
}

// ---- pause and seek ----

TEST_F(BrokerTest, APausedSourceIsWithheldAndKeepsItsMessages) {
  open(one_topic(2));
  const auto billing = reader();
  billing->poll_all();
  const plugin::Source first = billing->held.begin()->second;
  EXPECT_TRUE(billing->consumer.pause({&first, 1}, true).ok());
  put_all({{.payload = "paused", .partition = *first.partition}, {.payload = "other", .partition = 1 - *first.partition}});
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("other"));
  host.notified.clear();
  EXPECT_TRUE(billing->consumer.pause({&first, 1}, false).ok());
  EXPECT_EQ(host.notified[kConsumer], 1);
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("paused"));
}

TEST_F(BrokerTest, SeekStaysWithinWhatThereIs) {
  open(one_topic(1));
  const auto billing = reader();
  for (int i = 0; i < 4; ++i) put({.payload = std::to_string(i)});
  const std::vector<Received> messages = billing->poll_all();
  billing->settle(messages[0].token);
  plugin::Source source = billing->held.begin()->second;
  source.offset = 0;
  EXPECT_TRUE(billing->consumer.seek({&source, 1}, milliseconds{0}).ok());
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("1", "2", "3")) << "the first is settled and gone";
  source.offset = 1000;
  EXPECT_TRUE(billing->consumer.seek({&source, 1}, milliseconds{0}).ok());
  EXPECT_THAT(billing->poll_all(), IsEmpty());
  put({.payload = "next"});
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("next"));
}

TEST_F(BrokerTest, SeekFencesWhatWasDeliveredBefore) {
  open(one_topic(1));
  const auto billing = reader();
  put_all({{}, {}});
  const std::vector<Received> before = billing->poll_all();
  plugin::Source source = billing->held.begin()->second;
  source.offset = 0;
  EXPECT_TRUE(billing->consumer.seek({&source, 1}, milliseconds{0}).ok());
  EXPECT_EQ(billing->settle(before[1].token), DISPYTCH_EFENCED);
  const std::vector<Received> again = billing->poll_all();
  EXPECT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].source, before[0].source) << "it is the same source";
  EXPECT_EQ(billing->settle(again[1].token, DISPYTCH_ACK_UP_TO), DISPYTCH_OK);
}

TEST_F(BrokerTest, SourcesOfOthersCanNotBePausedOrMoved) {
  open(one_topic(1));
  const auto billing = reader();
  billing->poll_all();
  plugin::Source source{.source = DISPYTCH_SOURCE(7, 7), .offset = 0};
  EXPECT_EQ(billing->consumer.pause({&source, 1}, true).code(), DISPYTCH_EFENCED);
  EXPECT_EQ(billing->consumer.seek({&source, 1}, milliseconds{0}).code(), DISPYTCH_EFENCED);
  source = billing->held.begin()->second;
  source.offset.reset();
  EXPECT_EQ(billing->consumer.seek({&source, 1}, milliseconds{0}).code(), DISPYTCH_EINVAL);
}

// ---- subscriptions ----

Subscription subscription(const char* json) { return plugin::read_subscription(plugin::Config{json}); }

TEST_F(BrokerTest, APatternTakesInTopicsThatComeLater) {
  open({});
  const auto users = reader(subscription(R"({"topics":[{"pattern":"user.{id}"}],"group":"g","start":"latest"})"));
  EXPECT_THAT(users->poll_all(), IsEmpty());
  put_all({{.topic = "user.1", .payload = "a"}, {.topic = "user.2", .payload = "b"}, {.topic = "other", .payload = "c"}});
  EXPECT_THAT(payloads(users->poll_all()), ElementsAre("a", "b")) << "start: latest is about what was there before";
}

TEST_F(BrokerTest, APatternThatCanNeverMatchIsAnError) {
  open(one_topic(1));
  try {
    reader(subscription(R"({"topics":[{"pattern":"user.{id}"}]})"));
    FAIL() << "a consumer was opened that can never get a message";
  } catch (const plugin::Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ENOTFOUND);
  }
}

TEST_F(BrokerTest, ANameAndAPatternForOneTopicReadItOnce) {
  open(one_topic(1));
  const auto both = reader(subscription(R"({"topics":[{"name":"orders"},{"pattern":"^ord"}],"group":"g"})"));
  put({.payload = "once"});
  EXPECT_THAT(payloads(both->poll_all()), ElementsAre("once"));
}

}  // namespace
}  // namespace dispytch::memory
