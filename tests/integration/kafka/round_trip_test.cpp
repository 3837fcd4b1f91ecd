// What is written is what is read, byte for byte, by us and by others.
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Pair;

class RoundTrip : public ::testing::Test {
 protected:
  std::string make_topic(int partitions) {
    std::string name = unique("round-trip");
    KafkaTopics{kafka_address()}.create(name, partitions);
    return name;
  }
  Backend backend{json{{"bootstrap.servers", kafka_address()}}};
};

TEST_F(RoundTrip, KeepsKeyPayloadTimestampAndPosition) {
  const std::string topic = make_topic(1);
  const auto reports = backend.producer()->publish({{.topic = topic, .key = "k", .payload = "p", .timestamp_ms = 1'700'000'000'123}});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].code, DISPYTCH_OK) << reports[0].text;
  EXPECT_EQ(reports[0].partition, 0);
  EXPECT_EQ(reports[0].offset, 0);
  const Incoming message = backend.consumer(topic, "g")->take(1).at(0);
  EXPECT_EQ(message.topic, topic);
  EXPECT_EQ(message.key, "k");
  EXPECT_EQ(message.payload, "p");
  EXPECT_EQ(message.timestamp_ms, 1'700'000'000'123);
  EXPECT_EQ(message.partition, 0);
  EXPECT_EQ(message.offset, 0);
}

TEST_F(RoundTrip, TellsAbsentFromEmpty) {
  const std::string topic = make_topic(1);
  backend.producer()->publish({{.topic = topic}, {.topic = topic, .key = "", .payload = ""}});
  const auto messages = backend.consumer(topic, "g")->take(2);
  EXPECT_EQ(messages[0].key, std::nullopt);
  EXPECT_EQ(messages[0].payload, std::nullopt);
  EXPECT_EQ(messages[1].key, "");
  EXPECT_EQ(messages[1].payload, "");
}

TEST_F(RoundTrip, KeepsHeadersInOrderRepeatedEmptyAndNull) {
  const std::string topic = make_topic(1);
  backend.producer()->publish({{.topic = topic, .payload = "p", .headers = {{"b", "2"}, {"a", "1"}, {"b", ""}, {"n", std::nullopt}}},
                               {.topic = topic, .payload = "q"}});
  const auto consumer = backend.consumer(topic, "g");
  std::vector<std::vector<std::pair<std::string, std::optional<std::string>>>> all;
  while (all.size() < 2) {
    const auto batch = consumer->await(DISPYTCH_MESSAGES);
    for (std::uint32_t i = 0; i < batch->n_messages; ++i) {
      EXPECT_NE(batch->messages[i].flags & DISPYTCH_MSG_HEADERS, 0u);
      const dispytch_message copied = batch->messages[i];  // a host may look at a copy
      EXPECT_EQ(consumer->headers(copied), consumer->headers(batch->messages[i]));
      all.push_back(consumer->headers(batch->messages[i]));
    }
  }
  EXPECT_THAT(all[0], ElementsAre(Pair("b", "2"), Pair("a", "1"), Pair("b", ""), Pair("n", std::nullopt)));
  EXPECT_TRUE(all[1].empty());
}

// librdkafka takes 0 for "now", and the protocol -1 for "none".
TEST_F(RoundTrip, KeepsTheFirstMillisecondOf1970AlmostAndRefusesWhatIsBefore) {
  const std::string topic = make_topic(1);
  const auto producer = backend.producer();
  producer->publish({{.topic = topic, .payload = "p", .timestamp_ms = 0}});
  const auto refused = producer->send({.topic = topic, .payload = "p", .timestamp_ms = -1}, 9);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, DISPYTCH_EINVAL);
  EXPECT_EQ(refused->text, "a message has the timestamp -1 ms, but Kafka keeps none before 1970: leave it out, or say one from 0 on");
  EXPECT_EQ(backend.consumer(topic, "g-" + topic)->take(1).at(0).timestamp_ms, 1);
}

}  // namespace
}  // namespace dispytch::kafka::testing
