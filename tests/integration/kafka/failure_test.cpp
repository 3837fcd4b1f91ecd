// What is said when something is wrong, by whom, and how soon.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <stdexcept>
#include <thread>

#include "driver.hpp"
#include "handles.hpp"
#include "support/kafka_access.hpp"
#include "support/kafka_topics.hpp"
#include "support/mock_cluster.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using dispytch::testing::MockCluster;
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
  EXPECT_THAT(backend.host.log(), AllOf(HasSubstr("librdkafka "), Not(HasSubstr("geheimnis"))));
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

// The discard port refuses connections, and the client knows that while a message waits.
TEST(DeadCluster, SaysWhyAMessageTimedOut) {
  Backend backend{json{{"bootstrap.servers", kNobody}}};
  const auto producer = backend.producer(milliseconds{500});
  ASSERT_EQ(producer->send({.topic = "t", .payload = "p"}, 7), std::nullopt);
  Report report;
  while (report.token != 7) report = producer->await_reports(1).at(0);
  EXPECT_THAT(report.text, AllOf(HasSubstr("confirmed no message within 500 ms; "), HasSubstr("Connection refused")));
}

// The position of a topic that is gone is given up by name; that of another one is committed.
TEST(DeletedTopic, CostsTheOthersNothing) {
  KafkaTopics topics{kafka_address()};
  const std::string gone = unique("gone");
  const std::string kept = unique("kept");
  topics.create(gone, 1);
  topics.create(kept, 1);
  Backend backend{json{{"bootstrap.servers", kafka_address()}, {"auto.commit.interval.ms", 600'000}}};
  std::vector<Outgoing> messages(3, {.topic = gone, .payload = "p"});
  messages.insert(messages.end(), 3, {.topic = kept, .payload = "p"});
  backend.producer()->publish(messages);
  const auto consumer =
      backend.consumer(json{{"topics", {{{"name", gone}}, {{"name", kept}}}}, {"group", "of-" + kept}, {"config", json::object()}});
  for (const Incoming& message : consumer->take(6)) EXPECT_EQ(consumer->settle(message.token), DISPYTCH_OK);
  topics.remove(gone);
  EXPECT_EQ(consumer->sync(), DISPYTCH_OK);
  EXPECT_EQ(dispytch::testing::committed(kafka_address(), "of-" + kept, kept), 3);
  EXPECT_THAT(backend.host.log(), AllOf(HasSubstr("committing position 3 of topic `" + gone + "`, partition 0: "),
                                        HasSubstr("; it is given up"), Not(HasSubstr("topic `" + kept + "`"))));
}

TEST(DeletedTopic, IsMissedOnceInTheLog) {
  KafkaTopics topics{kafka_address()};
  const std::string gone = unique("gone");
  topics.create(gone, 1);
  Backend backend{json{{"bootstrap.servers", kafka_address()}, {"topic.metadata.refresh.interval.ms", 100}}};
  const auto consumer = backend.consumer(gone, "g-" + gone);
  consumer->settle(consumer->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  topics.remove(gone);
  for (const auto end = std::chrono::steady_clock::now() + milliseconds{4'000}; std::chrono::steady_clock::now() < end;) {
    const auto batch = consumer->poll(10, milliseconds{50});
    if (batch && batch->event_token != 0) consumer->settle(batch->event_token, DISPYTCH_ACK);
  }
  const std::string log = backend.host.log();
  std::size_t lines = 0;
  for (std::size_t at = log.find("Subscribed topic not available"); at != std::string::npos;
       at = log.find("Subscribed topic not available", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, 1u) << log;
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

TEST(Outage, IsToldAndSoIsItsEnd) {
  MockCluster mock{"t"};
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

// What was settled while the coordinator was away is neither forgotten nor said to be durable too early.
TEST(Outage, OfTheCoordinatorIsOutlastedByASync) {
  MockCluster mock{"t"};
  Backend backend{json{{"bootstrap.servers", mock.address()}, {"reconnect.backoff.max.ms", 200}, {"auto.commit.interval.ms", 100}}};
  backend.producer()->publish(std::vector<Outgoing>(3, {.topic = "t", .payload = "p"}));
  const auto consumer = backend.consumer("t", "g");
  const std::uint64_t token = consumer->take(3).back().token;
  mock.set_down(true);
  EXPECT_NE(consumer->await(DISPYTCH_DOWN), nullptr);
  consumer->settle(token);
  for (const auto end = std::chrono::steady_clock::now() + milliseconds{2000}; std::chrono::steady_clock::now() < end;) {
    EXPECT_EQ(consumer->poll(0, milliseconds{100}), nullptr);
  }
  EXPECT_EQ(consumer->sync(milliseconds{300}), DISPYTCH_TIMEOUT);
  mock.set_down(false);
  EXPECT_EQ(consumer->sync(), DISPYTCH_OK);
  EXPECT_EQ(dispytch::testing::committed(mock.address(), "g", "t"), 3);
}

// Messages under way then may be stored twice, and nobody else could know.
TEST(Numbering, AnewAfterATimeoutIsSaid) {
  MockCluster mock{"t"};
  Backend backend{json{{"bootstrap.servers", mock.address()}, {"reconnect.backoff.max.ms", 200}}};
  const auto producer = backend.producer(milliseconds{1'000}, json{{"statistics.interval.ms", 100}});
  producer->publish({{.topic = "t", .payload = "p"}});
  EXPECT_THAT(backend.host.log(), Not(HasSubstr("numbered anew")));
  mock.set_down(true);
  ASSERT_EQ(producer->send({.topic = "t", .payload = "p"}, 7), std::nullopt);
  while (producer->await_reports(1).at(0).token != 7) {}
  mock.set_down(false);
  const std::string expected = "producing to " + mock.address() + ": messages are numbered anew (producer ";
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (backend.host.log().find(expected) == std::string::npos && std::chrono::steady_clock::now() < end) {
    producer->reports();
    std::this_thread::sleep_for(milliseconds{10});
  }
  EXPECT_THAT(backend.host.log(),
              AllOf(HasSubstr(expected), HasSubstr("epoch 1); what was on its way to the brokers meanwhile may be stored twice")));
}

// A broker that reads what one client sends, and answers no more than the question which versions of which requests it knows.
class ListeningBroker {
 public:
  static constexpr std::int16_t kMetadata = 3, kApiVersions = 18;

  ListeningBroker() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 4) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error{"no port to listen at"};
    }
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    bound(listener_);
  }
  ~ListeningBroker() {
    ::close(client_);
    ::close(listener_);
  }
  ListeningBroker(const ListeningBroker&) = delete;
  ListeningBroker& operator=(const ListeningBroker&) = delete;
  const std::string& address() const { return address_; }

  /// The next request for metadata that names the topic, without its size. Throws where none comes.
  std::string await_metadata_request(const std::string& topic) {
    if (client_ < 0) client_ = ::accept(listener_, nullptr, nullptr);
    bound(client_);
    for (;;) {
      std::string request = read(read_size());
      if (integer(request, 0) == kApiVersions) answer_versions(request);
      if (integer(request, 0) == kMetadata && request.find(topic) != std::string::npos) return request;
    }
  }

 private:
  static std::int16_t integer(const std::string& bytes, std::size_t at) {
    return static_cast<std::int16_t>(static_cast<unsigned char>(bytes.at(at)) << 8 | static_cast<unsigned char>(bytes.at(at + 1)));
  }
  static void bound(int socket) {
    const timeval patience{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(kPatience).count(), .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  std::string read(std::size_t size) const {
    std::string bytes(size, '\0');
    if (::recv(client_, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) throw std::runtime_error{"no request came"};
    return bytes;
  }
  std::size_t read_size() const {
    std::uint32_t size = 0;
    std::memcpy(&size, read(sizeof size).data(), sizeof size);
    return ntohl(size);
  }
  // Behind the number of the request: no error, two entries of key, least and highest version, and no throttling.
  void answer_versions(const std::string& request) const {
    static constexpr char kVersions[] = {0, 0, 3, 0, kMetadata, 0, 0, 0, 4, 0, 0, kApiVersions, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0};
    const std::string answer = request.substr(4, 4) + std::string{kVersions, sizeof kVersions};
    const std::uint32_t size = htonl(static_cast<std::uint32_t>(answer.size()));
    const std::string bytes = std::string{reinterpret_cast<const char*>(&size), sizeof size} + answer;
    if (::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error{"the client hung up"};
  }

  int listener_;
  int client_ = -1;
  std::string address_;
};

// Of a cluster with auto.create.topics.enable=true a client has to ask not to create what it asks for; a producer's default is to.
TEST(TopicCreation, IsDeclinedByProducers) {
  ListeningBroker broker;
  Backend backend{json{{"bootstrap.servers", broker.address()}}};
  const auto producer = backend.producer(milliseconds{500});
  ASSERT_EQ(producer->send({.topic = "missing", .payload = "p"}, 1), std::nullopt);
  const std::string request = broker.await_metadata_request("missing");
  EXPECT_EQ(request.substr(2, 2), std::string("\0\4", 2)) << "the version whose last byte says whether topics may be created";
  EXPECT_EQ(request.back(), '\0');
}

}  // namespace
}  // namespace dispytch::kafka::testing
