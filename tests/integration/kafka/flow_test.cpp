// Positions, withholding, gaps, and silence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>

#include "driver.hpp"
#include "handles.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

class Flow : public ::testing::Test {
 protected:
  std::string make_topic(int partitions) {
    std::string name = unique("flow");
    KafkaTopics{kafka_address()}.create(name, partitions);
    return name;
  }
  void publish(const std::string& topic, int count, std::int32_t partition = 0) {
    std::vector<Outgoing> messages;
    for (int i = 0; i < count; ++i) messages.push_back({.topic = topic, .payload = std::to_string(i), .partition = partition});
    for (const Report& report : backend.producer()->publish(messages)) ASSERT_EQ(report.code, DISPYTCH_OK) << report.text;
  }
  static std::string output_of(const std::string& command) {
    std::string text;
    std::array<char, 256> part{};
    FILE* pipe = popen(command.c_str(), "r");
    while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
    pclose(pipe);
    return text;
  }
  Backend backend{json{{"bootstrap.servers", kafka_address()}}};
};

TEST_F(Flow, ReopensRightBehindWhatWasSettledAndSynced) {
  const std::string topic = make_topic(1);
  publish(topic, 10);
  {
    const auto consumer = backend.consumer(topic, "g");
    const auto messages = consumer->take(10);
    EXPECT_EQ(consumer->settle(messages[6].token), DISPYTCH_OK);
    EXPECT_EQ(consumer->sync(), DISPYTCH_OK);
    EXPECT_EQ(consumer->sync(), DISPYTCH_OK);  // nothing left
  }
  EXPECT_EQ(backend.consumer(topic, "g")->take(1).at(0).offset, 7);
}

TEST_F(Flow, CommitsWhatWasSettledWhenItCloses) {
  const std::string topic = make_topic(1);
  publish(topic, 10);
  {
    const auto consumer = backend.consumer(topic, "g");
    consumer->settle(consumer->take(10)[3].token);
  }
  EXPECT_EQ(backend.consumer(topic, "g")->take(1).at(0).offset, 4);
}

TEST_F(Flow, KeepsItsMembershipByPollingForNothing) {
  const std::string topic = make_topic(1);
  publish(topic, 3);
  const auto consumer = backend.consumer(topic, "g", json{{"max.poll.interval.ms", 6000}, {"session.timeout.ms", 6000}});
  const Incoming first = consumer->take(1).at(0);
  for (const auto end = Clock::now() + milliseconds{8000}; Clock::now() < end;) {
    ASSERT_EQ(consumer->poll(0, milliseconds{2000}), nullptr);
  }
  EXPECT_EQ(consumer->settle(first.token), DISPYTCH_OK);
  EXPECT_EQ(consumer->take(2).at(1).offset, 2);
}

TEST_F(Flow, LosesItsPartitionsByNotPolling) {
  const std::string topic = make_topic(1);
  publish(topic, 3);
  const auto consumer = backend.consumer(topic, "g", json{{"max.poll.interval.ms", 6000}, {"session.timeout.ms", 6000}});
  const Incoming first = consumer->take(1).at(0);
  const auto other = backend.consumer(topic, "g");  // gets them, once the first one is silent for too long
  other->settle(other->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  const auto lost = consumer->await(DISPYTCH_LOST);
  EXPECT_EQ(lost->n_sources, 1u);
  EXPECT_EQ(lost->code, DISPYTCH_EFENCED);
  EXPECT_EQ(consumer->settle(first.token), DISPYTCH_EFENCED);
}

TEST_F(Flow, WithholdsOneSourceAndGoesOnWhereItWas) {
  const std::string topic = make_topic(2);
  publish(topic, 100, 0);
  publish(topic, 100, 1);
  const auto consumer = backend.consumer(topic, "g");
  const Incoming first = consumer->take(1).at(0);
  EXPECT_EQ(consumer->pause(first.source, true), DISPYTCH_OK);
  for (const Incoming& message : consumer->take(100)) ASSERT_NE(message.partition, first.partition);
  EXPECT_EQ(consumer->poll(10, milliseconds{300}), nullptr);
  EXPECT_EQ(consumer->pause(first.source, false), DISPYTCH_OK);
  std::int64_t expected = first.offset;
  for (const Incoming& message : consumer->take(99)) EXPECT_EQ(message.offset, ++expected);
}

TEST_F(Flow, SeeksBeforeAndAfterDelivery) {
  const std::string topic = make_topic(1);
  publish(topic, 20);
  const auto consumer = backend.consumer(topic, "g");
  const auto assigned = consumer->await(DISPYTCH_ASSIGNED);
  const std::uint32_t source = assigned->sources[0].source;
  EXPECT_EQ(consumer->seek(source, 5), DISPYTCH_OK);
  consumer->settle(assigned->event_token, DISPYTCH_ACK);
  EXPECT_EQ(consumer->take(3).at(2).offset, 7);
  EXPECT_EQ(consumer->seek(source, 2), DISPYTCH_OK);
  const auto again = consumer->take(3);
  EXPECT_EQ(again[0].offset, 2);
  EXPECT_EQ(consumer->settle(again[0].token), DISPYTCH_OK);
  EXPECT_EQ(consumer->settle(again[0].token), DISPYTCH_EFENCED);
  EXPECT_EQ(consumer->settle(again[2].token), DISPYTCH_OK);
  EXPECT_EQ(consumer->seek(source + 1, 0), DISPYTCH_EFENCED);
}

TEST_F(Flow, HonoursTheLimitOfBytesButForTheFirstMessage) {
  const std::string topic = make_topic(1);
  publish(topic, 10);
  const auto consumer = backend.consumer(topic, "g");
  consumer->settle(consumer->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  std::int64_t expected = 0;
  while (expected < 10) {
    const auto batch = consumer->poll(10, milliseconds{1000}, 1);
    if (!batch) continue;
    ASSERT_EQ(batch->n_messages, 1u);
    EXPECT_EQ(batch->messages[0].offset, expected++);
  }
}

TEST_F(Flow, PassesOverAbortedTransactions) {
  const std::string topic = make_topic(1);
  ConfHandle conf{rd_kafka_conf_new()};
  rd_kafka_conf_set(conf.get(), "bootstrap.servers", kafka_address().c_str(), nullptr, 0);
  rd_kafka_conf_set(conf.get(), "transactional.id", topic.c_str(), nullptr, 0);
  const ClientHandle writer{rd_kafka_new(RD_KAFKA_PRODUCER, conf.release(), nullptr, 0)};
  ASSERT_EQ(ErrorHandle{rd_kafka_init_transactions(writer.get(), 20'000)}, nullptr);
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(ErrorHandle{rd_kafka_begin_transaction(writer.get())}, nullptr);
    for (int i = 0; i < 3; ++i) {
      std::string payload = std::to_string(round);
      ASSERT_EQ(rd_kafka_producev(writer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_VALUE(payload.data(), payload.size()), RD_KAFKA_V_END),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    ASSERT_EQ(rd_kafka_flush(writer.get(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_EQ(
        ErrorHandle{round % 2 == 0 ? rd_kafka_abort_transaction(writer.get(), 20'000) : rd_kafka_commit_transaction(writer.get(), 20'000)},
        nullptr);
  }
  {
    const auto consumer = backend.consumer(topic, "g");
    const auto messages = consumer->take(6);
    EXPECT_EQ(messages[0].payload, "1");
    EXPECT_EQ(messages[5].payload, "3");
    EXPECT_GT(messages[3].offset, messages[2].offset + 1);
    EXPECT_EQ(consumer->settle(messages[2].token), DISPYTCH_OK);
  }
  EXPECT_EQ(backend.consumer(topic, "g")->take(1).at(0).payload, "3");
}

TEST_F(Flow, SendsKeysWhereJavaSendsThem) {
  // org.apache.kafka.common.utils.Utils.murmur2 of the key, made positive, modulo the partitions: computed by Kafka's own class.
  const std::map<std::string, std::int32_t> hashes{{"21", -973932308},
                                                   {"foobar", -790332482},
                                                   {"a-little-bit-long-string", -985981536},
                                                   {"a-little-bit-longer-string", -1486304829},
                                                   {"abc", 479470107}};
  const std::string topic = make_topic(7);
  std::vector<Outgoing> messages;
  for (const auto& [key, hash] : hashes) messages.push_back({.topic = topic, .key = key, .payload = key});
  backend.producer()->publish(messages);
  for (const Incoming& message : backend.consumer(topic, "g")->take(hashes.size())) {
    EXPECT_EQ(message.partition, (hashes.at(*message.key) & 0x7fffffff) % 7) << *message.key;
  }
}

TEST_F(Flow, ReadsWhatKcatWritesAndWritesWhatItReads) {
  const std::string topic = make_topic(1);
  backend.producer()->publish({{.topic = topic, .key = "k1", .payload = "ours", .headers = {{"h", "v"}}}});
  EXPECT_EQ(output_of("kcat -q -b " + kafka_address() + " -C -t " + topic + " -o beginning -e -f '%k %s %h'"), "k1 ours h=v");
  output_of("printf 'k2:theirs' | kcat -b " + kafka_address() + " -P -t " + topic + " -K : -H a=b");
  const Incoming message = backend.consumer(topic, "g")->take(2).at(1);
  EXPECT_EQ(message.key, "k2");
  EXPECT_EQ(message.payload, "theirs");
}

TEST_F(Flow, TurnsStatisticsIntoMetrics) {
  const std::string topic = make_topic(1);
  Backend counted{json{{"bootstrap.servers", kafka_address()}, {"statistics.interval.ms", 100}}};
  const auto producer = counted.producer();
  producer->publish({{.topic = topic, .payload = "p"}});
  for (const auto end = Clock::now() + kPatience; !counted.host.metrics().contains("messages_sent") && Clock::now() < end;) {
    const std::uint64_t seen = counted.host.notified();
    producer->reports();
    counted.host.wait_notified(seen, milliseconds{200});
  }
  EXPECT_EQ(counted.host.metrics().at("messages_sent"), 1);
}

}  // namespace
}  // namespace dispytch::kafka::testing
