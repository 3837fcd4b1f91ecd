// What is said when something is wrong, by whom, and how soon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
// behind it:
#include <librdkafka/rdkafka_mock.h>

#include <functional>
#include <set>

#include "driver.hpp"
#include "handles.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kNobody = "127.0.0.1:9";  // the discard port: nobody listens there

Refused refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Refused& refused) {
    return refused;
  }
  return {};
}

class Failure : public ::testing::Test {
 protected:
  std::string make_topic(int partitions = 1) {
    std::string name = unique("failure");
    KafkaTopics{kafka_address()}.create(name, partitions);
    return name;
  }
  Backend backend{json{{"bootstrap.servers", kafka_address()}}};
};

TEST_F(Failure, AMissingTopicIsNamedWhenAConsumerOpens) {
  const Refused refused = refusal_of([&] { backend.consumer("no-such-topic", "g"); });
  EXPECT_EQ(refused.code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(refused.text, "there is no topic `no-such-topic` at " + kafka_address());
}

TEST_F(Failure, AMissingTopicIsNamedByTheFirstReport) {
  const std::string topic = unique("no-such-topic");
  const auto producer = backend.producer();
  ASSERT_EQ(producer->send({.topic = topic, .payload = "p"}, 1), std::nullopt);
  const Report report = producer->await_reports(1, milliseconds{10'000}).at(0);
  EXPECT_EQ(report.code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(report.flags & DISPYTCH_ERROR_MAYBE_SENT, 0u);
  EXPECT_EQ(report.text, "there is no topic `" + topic + "` at " + kafka_address());
  const auto again = producer->send({.topic = topic, .payload = "p"}, 2);  // known by now
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(again->text, report.text);
}

TEST_F(Failure, AMissingPartitionIsNamed) {
  const std::string topic = make_topic(1);
  const auto producer = backend.producer();
  producer->publish({{.topic = topic, .payload = "p"}});
  const auto refused = producer->send({.topic = topic, .payload = "p", .partition = 7}, 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(refused->text, "topic `" + topic + "` at " + kafka_address() + " has no partition 7");
}

TEST_F(Failure, AMessageTooBigIsRefusedWithItsSize) {
  const std::string topic = make_topic(1);
  const auto refused = backend.producer()->send({.topic = topic, .payload = std::string(2'000'000, 'x')}, 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, DISPYTCH_ETOOBIG);
  EXPECT_THAT(refused->text, AllOf(HasSubstr("2000000 bytes"), HasSubstr(topic), HasSubstr("message.max.bytes")));
}

TEST_F(Failure, AMessageTooBigForTheTopicIsReported) {
  const std::string topic = make_topic(1);
  const auto producer = backend.producer(kPatience, json{{"message.max.bytes", 3'000'000}});
  const Report report = producer->publish({{.topic = topic, .payload = std::string(2'000'000, 'x')}}).at(0);
  EXPECT_EQ(report.code, DISPYTCH_ETOOBIG);
  EXPECT_THAT(report.text, AllOf(HasSubstr(topic), HasSubstr("max.message.bytes")));
}

TEST_F(Failure, AFullQueueIsBackPressureAndNothingIsLost) {
  const std::string topic = make_topic(1);
  const auto producer = backend.producer(kPatience, json{{"queue.buffering.max.messages", 10}});
  std::uint64_t token = 0;
  std::optional<Refused> refused;
  while (!refused) refused = producer->send({.topic = topic, .payload = "p"}, ++token);
  EXPECT_EQ(refused->code, DISPYTCH_AGAIN);
  const std::size_t accepted = token - 1;
  EXPECT_EQ(accepted, 10u);
  EXPECT_EQ(producer->await_reports(accepted).size(), accepted);
  EXPECT_EQ(producer->publish(std::vector<Outgoing>(100, {.topic = topic, .payload = "p"})).size(), 100u);
  EXPECT_EQ(backend.consumer(topic, "g")->take(accepted + 100).size(), accepted + 100);
}

TEST_F(Failure, FlushNeedsNoSecondThread) {
  const std::string topic = make_topic(1);
  const auto producer = backend.producer(kPatience, json{{"linger.ms", 10'000}});
  for (std::uint64_t token = 1; token <= 50; ++token) ASSERT_EQ(producer->send({.topic = topic, .payload = "p"}, token), std::nullopt);
  EXPECT_EQ(producer->flush(milliseconds{5'000}), DISPYTCH_OK);
  std::set<std::uint64_t> tokens;
  for (const Report& report : producer->reports()) tokens.insert(report.token);
  EXPECT_EQ(tokens.size(), 50u);
}

TEST(DeadCluster, IsNamedWhenAConsumerOpensAndNoSecretIs) {
  Backend backend{json{{"bootstrap.servers", kNobody},
                       {"security.protocol", "sasl_plaintext"},
                       {"sasl.mechanism", "PLAIN"},
                       {"sasl.username", "me"},
                       {"sasl.password", "geheimnis"},
                       {"debug", "all"}}};
  const Refused refused = refusal_of([&] {
    backend.consumer(json{{"topics", {{{"name", "t"}}}}, {"group", "g"}, {"config", json::object()}}, milliseconds{1'000});
  });
  EXPECT_EQ(refused.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_NE(refused.flags & DISPYTCH_ERROR_RETRIABLE, 0u);
  EXPECT_THAT(refused.text, StartsWith(std::string{kNobody} + " didn't answer within 1000 ms: "));
  EXPECT_THAT(refused.text, Not(HasSubstr("geheimnis")));
  EXPECT_THAT(backend.host.log(), Not(HasSubstr("geheimnis")));
}

TEST(DeadCluster, FailsAMessageAtTheDeliveryTimeoutWithoutHavingSentIt) {
  Backend backend{json{{"bootstrap.servers", kNobody}}};
  const auto producer = backend.producer(milliseconds{500});
  ASSERT_EQ(producer->send({.topic = "t", .payload = "p"}, 7), std::nullopt);
  EXPECT_EQ(producer->flush(milliseconds{50}), DISPYTCH_TIMEOUT);
  for (;;) {
    const Report report = producer->await_reports(1).at(0);
    EXPECT_EQ(report.code, DISPYTCH_EUNAVAILABLE);
    if (report.token == 0) continue;  // news of the producer: all brokers are down
    EXPECT_EQ(report.token, 7u);
    EXPECT_EQ(report.flags & DISPYTCH_ERROR_MAYBE_SENT, 0u);
    EXPECT_THAT(report.text, HasSubstr("confirmed no message within 500 ms"));
    break;
  }
}

TEST(Contradiction, PointsAtTheOptionOfTheEmitter) {
  Backend backend{json{{"bootstrap.servers", kNobody}}};
  const Refused refused = refusal_of([&] { backend.producer(kPatience, json{{"acks", 1}}); });
  EXPECT_EQ(refused.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(refused.text, StartsWith("/config/acks: "));
}

TEST(Drain, LongerThanTheGroupWaitsIsAWarningWithTheArithmetic) {
  Backend backend{json{{"bootstrap.servers", kafka_address()}, {"max.poll.interval.ms", 45'000}}};
  const std::string topic = unique("drain");
  KafkaTopics{kafka_address()}.create(topic, 1);
  backend.consumer(json{{"topics", {{{"name", topic}}}}, {"group", "g"}, {"drain_ms", 60'000}, {"config", json::object()}});
  EXPECT_THAT(backend.host.log(), AllOf(HasSubstr("60000 ms"), HasSubstr("45000 ms"), HasSubstr("15000 ms")));
}

// librdkafka's own mock cluster can be told to go away.
class MockCluster {
 public:
  MockCluster() {
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0));
    cluster_ = rd_kafka_mock_cluster_new(client_.get(), 1);
    rd_kafka_mock_topic_create(cluster_, "t", 1, 1);
  }
  ~MockCluster() { rd_kafka_mock_cluster_destroy(cluster_); }
  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void set_down(bool down) { down ? rd_kafka_mock_broker_set_down(cluster_, 1) : rd_kafka_mock_broker_set_up(cluster_, 1); }

 private:
  ClientHandle client_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

TEST(Outage, IsToldAndSoIsItsEnd) {
  MockCluster mock;
  Backend backend{json{{"bootstrap.servers", mock.address()}, {"reconnect.backoff.max.ms", 200}}};
  const auto consumer = backend.consumer("t", "g");
  consumer->settle(consumer->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  mock.set_down(true);
  const auto down = consumer->await(DISPYTCH_DOWN);
  EXPECT_EQ(down->code, DISPYTCH_EUNAVAILABLE);
  // The mock answers nobody any more who connects while it is going down.
  for (const auto end = std::chrono::steady_clock::now() + milliseconds{2000}; std::chrono::steady_clock::now() < end;) {
    EXPECT_EQ(consumer->poll(0, milliseconds{100}), nullptr);
  }
  mock.set_down(false);
  EXPECT_NE(consumer->await(DISPYTCH_UP), nullptr);
}

}  // namespace
}  // namespace dispytch::kafka::testing
