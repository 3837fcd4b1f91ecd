// The public API over a real Kafka, without a config file.
#include <atomic>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <dispytch/dispytch.hpp>

#include <gmock/gmock.h>
#include <unistd.h>

#include "support/kafka_topics.hpp"

namespace dispytch {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Counted {
  static constexpr auto topic = "replaced";
  static constexpr auto type = "counted";
  static constexpr auto partition_by = "key";
  std::string key = {};
  int number = 0;
};
DISPYTCH_EVENT(Counted, key, number)

// A topic of the test's own, gone with it.
class Topic {
 public:
  explicit Topic(int partitions) : name{"application-" + std::to_string(::getpid()) + "-" + std::to_string(++made)} {
    topics_.create(name, partitions);
  }
  ~Topic() { topics_.remove(name); }
  const std::string name;

 private:
  static inline int made = 0;
  testing::KafkaTopics topics_{testing::kafka_address()};
};

Backend kafka() { return Backend::load("kafka", {{"bootstrap.servers", testing::kafka_address()}}, {.plugin_paths = {DISPYTCH_PLUGINS}}); }

TEST(EmitterOverKafka, FlushWaitsForEveryAnswerEachTime) {
  const Topic topic{4};
  EventEmitter emitter{kafka().producer()};
  for (int round = 0; round < 5; ++round) {
    int confirmed = 0;  // by the pump alone, which flush waits for
    for (int i = 0; i < 10'000; ++i) {
      emitter.emit(Counted{.key = std::to_string(i % 100), .number = i},
                   [&](const Result<Receipt>& result) { confirmed += result ? 1 : 0; }, {.topic = topic.name});
    }
    ASSERT_TRUE(emitter.flush(60s));
    ASSERT_EQ(confirmed, 10'000) << "round " << round;
  }
}

TEST(EmitterOverKafka, SaysWhereTheBrokerPutAMessage) {
  const Topic topic{1};
  EventEmitter emitter{kafka().producer()};
  EXPECT_EQ(emitter.emit(Counted{}, {.topic = topic.name}).value().offset, 0);
  EXPECT_EQ(emitter.emit(Counted{}, {.topic = topic.name}).value().offset, 1);
}

// As over the memory backend: tests/unit/listen/handling_test.cpp.
TEST(EmitterOverKafka, KeepsTimesFrom1970On) {
  const Topic topic{1};
  EventEmitter emitter{kafka().producer()};
  emitter.emit(OutgoingMessage{.topic = topic.name, .payload = "", .timestamp = Timestamp{1'700'000'000'123ms}}).value();
  emitter.emit(OutgoingMessage{.topic = topic.name, .payload = "", .timestamp = Timestamp{}}).value();
  const Result<Receipt> refused = emitter.emit(OutgoingMessage{.topic = topic.name, .payload = "", .timestamp = Timestamp{-1ms}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  std::vector<std::int64_t> times;
  std::stop_source stop;
  HandlerGroup group{{.topic = topic.name}};
  group.on_message([&](const Message& message) {
    times.push_back(message.timestamp().value().time_since_epoch().count());
    if (times.size() == 2) stop.request_stop();
  });
  EventListener listener{kafka().consumer({.topics = {topic.name}, .group = topic.name})};
  listener.include(group);
  listener.run(stop.get_token());
  EXPECT_THAT(times, ::testing::ElementsAre(1'700'000'000'123, 1));
}

TEST(EmitterOverKafka, NamesTheTopicThatIsMissing) {
  EventEmitter emitter{kafka().producer()};
  const Result<Receipt> result = emitter.emit(Counted{}, {.topic = "no-such-topic"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_THAT(result.error().text, HasSubstr("no-such-topic"));
}

TEST(ListenerOverKafka, NamesTheTopicThatIsMissing) {
  try {
    kafka().consumer({.topics = {"no-such-topic"}, .group = "g"});
    FAIL() << "the topic is missing";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, ErrorCode::not_found);
    EXPECT_THAT(exception.what(), HasSubstr("no-such-topic"));
  }
}

// Emits, handles part, stops, goes on with another listener of the group: every event once, in the order of its key.
TEST(ListenerOverKafka, ASecondListenerGoesOnExactlyWhereTheFirstStopped) {
  const Topic topic{4};
  constexpr int kEvents = 20'000;
  const Backend backend = kafka();
  EventEmitter emitter{backend.producer()};
  for (int i = 0; i < kEvents; ++i)
    emitter.emit(Counted{.key = std::to_string(i % 50), .number = i}, [](const Result<Receipt>&) {}, {.topic = topic.name});
  ASSERT_TRUE(emitter.flush(60s));

  std::map<std::string, int> last;
  int handled = 0;
  int out_of_order = 0;
  for (const int stop_at : {7'777, kEvents}) {
    std::stop_source stop;
    HandlerGroup group{{.topic = topic.name}};
    group.on<Counted>([&](const Counted& event) {
      const auto [position, first] = last.try_emplace(event.key, event.number);
      if (!first && position->second >= event.number) ++out_of_order;
      position->second = event.number;
      if (++handled == stop_at) stop.request_stop();
    });
    EventListener listener{backend.consumer({.topics = {topic.name}, .group = topic.name})};
    listener.include(group);
    listener.run(stop.get_token());
    ASSERT_EQ(handled, stop_at);
  }
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(last.size(), 50);
}

TEST(ListenerOverKafka, AFailedMessageComesAgain) {
  const Topic topic{1};
  const Backend backend = kafka();
  EventEmitter emitter{backend.producer()};
  for (int i = 0; i < 10; ++i) emitter.emit(Counted{.number = i}, {.topic = topic.name}).value();

  std::vector<int> handled;
  for (const bool fails : {true, false}) {
    std::stop_source stop;
    HandlerGroup group{{.topic = topic.name, .policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::stop}}};
    group.on<Counted>([&](const Counted& event) {
      if (fails && event.number == 5) throw std::runtime_error{"not yet"};
      handled.push_back(event.number);
      if (event.number == 9) stop.request_stop();
    });
    EventListener listener{backend.consumer({.topics = {topic.name}, .group = topic.name})};
    listener.include(group);
    if (fails) {
      EXPECT_THROW(listener.run(stop.get_token()), Exception);
    } else {
      listener.run(stop.get_token());
    }
  }
  EXPECT_THAT(handled, ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

}  // namespace
}  // namespace dispytch
