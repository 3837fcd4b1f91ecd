// Losses that were found in other clients by running them, and that only a broker can show. The others stand in tests/unit/listen/.
#include <future>

#include <gtest/gtest.h>

#include "driver.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using nlohmann::json;

class OthersLosses : public ::testing::Test {
 protected:
  OthersLosses() { KafkaTopics{kafka_address()}.create(topic, 1); }
  void publish(const std::string& payload) {
    for (const Report& report : producer->publish({{.topic = topic, .payload = payload}}))
      ASSERT_EQ(report.code, DISPYTCH_OK) << report.text;
  }
  const std::string topic = unique("losses");
  Backend backend{json{{"bootstrap.servers", kafka_address()}}};
  const std::unique_ptr<Producer> producer = backend.producer();
};

TEST_F(OthersLosses, MaxPollIntervalHasAnEffect) {
  publish("a");
  const auto consumer = backend.consumer(topic, "g", json{{"max.poll.interval.ms", 6000}, {"session.timeout.ms", 6000}});
  const Incoming first = consumer->take(1).at(0);
  // It is not polled any more: its partition goes to the next, which then gets the message that isn't settled.
  const auto other = backend.consumer(topic, "g");
  EXPECT_EQ(other->take(1).at(0).payload, "a");
  EXPECT_EQ(consumer->await(DISPYTCH_LOST)->n_sources, 1u);
  EXPECT_EQ(consumer->settle(first.token), DISPYTCH_EFENCED) << "and it can't settle what is another's";
}

TEST_F(OthersLosses, ALoneMessageIsNotHeldBackUntilThePollsTimeout) {
  const auto consumer = backend.consumer(topic, "g");
  publish("first");
  consumer->take(1);
  const std::size_t before = backend.host.log().size();
  auto polled = std::async(std::launch::async, [&] { return consumer->poll(1024, milliseconds{300'000}); });
  publish("alone");
  ASSERT_EQ(polled.wait_for(kPatience), std::future_status::ready) << "one message doesn't fill a batch\n"
                                                                   << backend.host.log().substr(before);
  const auto batch = polled.get();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(messages_of(*batch).at(0).payload, "alone");
}

// librdkafka stops fetching for up to a second whenever its queue was full. By the default config of this plugin the queue holds more than
// a slow handler leaves in it.
TEST_F(OthersLosses, ASlowHandlerIsNotFollowedByAStall) {
  constexpr std::size_t kMessages = 200'000;
  const std::vector<Outgoing> some(10'000, {.topic = topic, .payload = "p"});
  for (std::size_t i = 0; i < kMessages; i += some.size()) producer->publish(some);
  const auto consumer = backend.consumer(topic, "g");
  std::size_t taken = consumer->take(1).size();
  for (int i = 0; i < 10; ++i) consumer->poll(0, milliseconds{100});  // the slow handler: the client fills its queue meanwhile
  while (taken < kMessages) {
    const auto batch = consumer->poll(1'000, milliseconds{500});
    ASSERT_NE(batch, nullptr) << "nothing comes after " << taken << " messages";
    taken += batch->n_messages;
  }
}

}  // namespace
}  // namespace dispytch::kafka::testing
