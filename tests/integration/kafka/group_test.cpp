// Members of a consumer group: rebalances as the host sees them, positions, and what happens to those who stay silent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "driver.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::kafka::testing {
namespace {

using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

// Nothing came, or the news that there is nothing to read at present.
bool has_nothing(const Consumer::Batch& batch) { return !batch || (batch->kind == DISPYTCH_ASSIGNED && batch->n_sources == 0); }

class Group : public ::testing::TestWithParam<std::string> {
 protected:
  std::string make_topic(int partitions) {
    std::string name = unique("group");
    KafkaTopics{kafka_address()}.create(name, partitions);
    return name;
  }
  void publish(const std::string& topic, int count, std::int32_t partition = 0) {
    std::vector<Outgoing> messages;
    for (int i = 0; i < count; ++i) messages.push_back({.topic = topic, .payload = std::to_string(i), .partition = partition});
    for (const Report& report : backend.producer()->publish(messages)) ASSERT_EQ(report.code, DISPYTCH_OK) << report.text;
  }
  std::unique_ptr<Consumer> member(const std::string& topic, const json& config = json::object()) {
    json options = config;
    options["partition.assignment.strategy"] = GetParam();
    options.emplace("heartbeat.interval.ms", 500);  // a member learns of a rebalance by its heartbeat
    options.emplace("session.timeout.ms", 6000);    // the least that brokers allow
    return backend.consumer(topic, "group-of-" + topic, options);
  }
  Backend backend{json{{"bootstrap.servers", kafka_address()}}};
};

INSTANTIATE_TEST_SUITE_P(Protocols, Group, ::testing::Values("range", "cooperative-sticky"),
                         [](const auto& strategy) { return strategy.param == "range" ? "Eager" : "Cooperative"; });

TEST_P(Group, DeliversNothingBeforeTheAssignmentIsAcknowledged) {
  const std::string topic = make_topic(1);
  publish(topic, 3);
  const auto consumer = member(topic);
  const auto assigned = consumer->await(DISPYTCH_ASSIGNED);
  ASSERT_EQ(assigned->n_sources, 1u);
  EXPECT_EQ(sources_of(*assigned)[0].partition, 0);
  EXPECT_EQ(consumer->poll(10, milliseconds{300}), nullptr);
  EXPECT_EQ(consumer->settle(assigned->event_token, DISPYTCH_ACK), DISPYTCH_OK);
  EXPECT_EQ(consumer->take(3).back().payload, "2");
  EXPECT_EQ(consumer->settle(assigned->event_token, DISPYTCH_ACK), DISPYTCH_EFENCED);
}

TEST_P(Group, HoldsARevocationUntilItIsAcknowledged) {
  const std::string topic = make_topic(2);
  publish(topic, 100, 0);
  publish(topic, 100, 1);
  const auto first = member(topic);
  const std::vector<Incoming> before = first->take(200);

  const auto second = member(topic);
  auto revoking = first->poll(0, milliseconds{0});
  while (!revoking) {
    ASSERT_TRUE(has_nothing(second->poll(10, milliseconds{10})));
    revoking = first->poll(0, milliseconds{10});
  }
  ASSERT_EQ(revoking->kind, DISPYTCH_REVOKING);
  EXPECT_GT(revoking->deadline_ms, 0);
  const std::vector<dispytch_source> going = sources_of(*revoking);
  ASSERT_EQ(going.size(), GetParam() == "range" ? 2u : 1u);

  // Held for a second: the other one gets nothing, and what is settled meanwhile counts.
  for (const Incoming& message : before) {
    if (message.offset == 41) {
      EXPECT_EQ(first->settle(message.token), DISPYTCH_OK);
    }
  }
  for (const auto end = Clock::now() + milliseconds{1000}; Clock::now() < end;) {
    EXPECT_EQ(first->poll(0, milliseconds{10}), nullptr);
    EXPECT_TRUE(has_nothing(second->poll(10, milliseconds{10})));
  }
  EXPECT_EQ(first->settle(revoking->event_token, DISPYTCH_ACK), DISPYTCH_OK);

  // The other one goes on right behind what was settled.
  Consumer::Batch gained = second->poll(0, milliseconds{10});
  for (const auto end = Clock::now() + kPatience; !gained && Clock::now() < end; gained = second->poll(0, milliseconds{10})) {
    const auto batch = first->poll(0, milliseconds{10});
    if (batch && batch->event_token != 0) first->settle(batch->event_token, DISPYTCH_ACK);
  }
  ASSERT_NE(gained, nullptr);
  ASSERT_EQ(gained->kind, DISPYTCH_ASSIGNED);
  second->settle(gained->event_token, DISPYTCH_ACK);
  EXPECT_EQ(second->take(1).at(0).offset, 42);

  // And the first one's tokens of it are worth nothing.
  for (const Incoming& message : before) {
    if (message.partition == gained->sources[0].partition && message.offset == 99) {
      EXPECT_EQ(first->settle(message.token), DISPYTCH_EFENCED);
    }
  }
}

TEST_P(Group, KeepsItsMembershipWhileARevocationIsHeldLongerThanTheSession) {
  const std::string topic = make_topic(2);
  const auto first = member(topic);
  const auto assigned = first->await(DISPYTCH_ASSIGNED);
  first->settle(assigned->event_token, DISPYTCH_ACK);
  const auto second = member(topic);
  auto revoking = first->poll(0, milliseconds{0});
  while (!revoking) {
    second->poll(10, milliseconds{10});
    revoking = first->poll(0, milliseconds{10});
  }
  ASSERT_EQ(revoking->kind, DISPYTCH_REVOKING);
  for (const auto end = Clock::now() + milliseconds{9000}; Clock::now() < end;) {
    const auto batch = first->poll(0, milliseconds{10});
    EXPECT_EQ(batch, nullptr) << batch->kind;
    EXPECT_TRUE(has_nothing(second->poll(10, milliseconds{10})));
  }
  EXPECT_EQ(first->settle(revoking->event_token, DISPYTCH_ACK), DISPYTCH_OK);
  std::thread other{[&] { second->settle(second->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK); }};
  if (GetParam() == "range") {
    first->settle(first->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  } else {
    first->poll(0, milliseconds{1000});
  }
  other.join();
}

TEST_P(Group, SaysThatItIsJoinedWhereThereIsNothingToRead) {
  const std::string topic = make_topic(1);
  const auto first = member(topic);
  first->settle(first->await(DISPYTCH_ASSIGNED)->event_token, DISPYTCH_ACK);
  const auto second = member(topic);
  std::optional<std::uint32_t> sources;
  for (const auto end = Clock::now() + kPatience; !sources && Clock::now() < end;) {
    for (Consumer* one : {first.get(), second.get()}) {
      const auto batch = one->poll(0, milliseconds{20});
      if (!batch) continue;
      if (batch->kind == DISPYTCH_ASSIGNED && batch->n_sources == 0) sources = batch->n_sources;
      if (batch->event_token != 0) one->settle(batch->event_token, DISPYTCH_ACK);
    }
  }
  EXPECT_EQ(sources, 0u);
}

// An application's own commits would come as messages.
TEST_P(Group, TakesTheClustersOwnTopicsOnlyByName) {
  const std::string topic = make_topic(1);
  publish(topic, 1);
  const auto reader = backend.consumer(topic, "g-" + topic);  // the cluster has such topics by now
  reader->take(1);
  const auto by_pattern = backend.consumer(
      json{{"topics", {{{"pattern", "^(__consumer_offsets|" + topic + ")$"}}}}, {"group", "p-" + topic}, {"config", json::object()}});
  const auto assigned = by_pattern->await(DISPYTCH_ASSIGNED);
  ASSERT_EQ(assigned->n_sources, 1u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(assigned->sources[0].topic.data), assigned->sources[0].topic.len), topic);
  const auto by_name = backend.consumer(json{{"topics", {{{"name", "__consumer_offsets"}}, {{"pattern", "^" + topic + "$"}}}},
                                             {"group", "n-" + topic},
                                             {"config", json::object()}});
  EXPECT_GT(by_name->await(DISPYTCH_ASSIGNED)->n_sources, 1u);
}

// Deleted records in one partition, while another one has more: nothing of that one is missed, nor comes twice.
TEST_P(Group, GoesOnInEveryPartitionWhenOneIsOutOfRange) {
  const std::string topic = make_topic(2);
  publish(topic, 100, 0);
  publish(topic, 100, 1);
  {
    const auto first = member(topic);
    std::vector<Incoming> taken = first->take(200);
    for (const Incoming& message : taken) {
      if (message.offset == 9) first->settle(message.token);
    }
    EXPECT_EQ(first->sync(), DISPYTCH_OK);
    first->close();
  }
  KafkaTopics{kafka_address()}.delete_before(topic, 0, 40);
  const auto second = member(topic);
  std::map<std::int32_t, std::vector<std::int64_t>> offsets;
  for (const Incoming& message : second->take(60 + 90)) offsets[message.partition].push_back(message.offset);
  ASSERT_EQ(offsets[0].size(), 60u);
  EXPECT_EQ(offsets[0].front(), 40);
  ASSERT_EQ(offsets[1].size(), 90u);
  EXPECT_EQ(offsets[1].front(), 10);
  EXPECT_TRUE(std::ranges::is_sorted(offsets[1]));
  EXPECT_THAT(backend.host.log(), ::testing::HasSubstr("offsets 10 to 39 (30) were deleted before they were read; it goes on at 40"));
}

TEST_P(Group, CanBeLeftWhileItIsBeingJoined) {
  const std::string topic = make_topic(1);
  std::vector<std::jthread> members;
  for (int i = 0; i < 3; ++i) {
    members.emplace_back([&] {
      const auto consumer = member(topic);
      consumer->poll(1, milliseconds{100});
      EXPECT_EQ(consumer->close(), DISPYTCH_OK);
    });
  }
}

// Takes the topic's partitions and ends without a word, as a process that was killed does.
void join_and_die(const std::string& topic, const std::string& strategy) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const std::map<std::string, std::string> settings{{"bootstrap.servers", kafka_address()},
                                                    {"group.id", "group-of-" + topic},
                                                    {"session.timeout.ms", "30000"},
                                                    {"partition.assignment.strategy", strategy}};
  for (const auto& [name, value] : settings) rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  ASSERT_NE(client, nullptr);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  const Clock::time_point deadline = Clock::now() + kPatience;
  for (int held = 0; held == 0;) {
    ASSERT_LT(Clock::now(), deadline);
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 100)) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    rd_kafka_assignment(client, &assigned);
    held = assigned->cnt;
    rd_kafka_topic_partition_list_destroy(assigned);
  }
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

TEST_P(Group, CanBeLeftWhileItWaitsForAMemberThatDied) {
  const std::string topic = make_topic(1);
  join_and_die(topic, GetParam());
  const auto consumer = member(topic);
  EXPECT_EQ(consumer->poll(1, milliseconds{500}), nullptr);
  EXPECT_EQ(consumer->close(milliseconds{5000}), DISPYTCH_OK);
}

constexpr std::size_t kPartitions = 8;  // of the topic that members share

// A host of its own thread: acknowledges what it is asked, settles each batch, and notes where each partition's messages have a gap.
class Member {
 public:
  // What all members have seen together.
  class Tally {
   public:
    explicit Tally(std::size_t expected) : seen_(expected, 0) {}
    void saw(std::int32_t partition, std::int64_t offset) {
      const std::lock_guard lock{mutex_};
      if (!std::exchange(seen_.at(static_cast<std::size_t>(offset) * kPartitions + static_cast<std::size_t>(partition)), char{1})) ++count_;
      changed_.notify_all();
    }
    void gap(std::string text) {
      const std::lock_guard lock{mutex_};
      gaps.push_back(std::move(text));
    }
    std::size_t count() const {
      const std::lock_guard lock{mutex_};
      return count_;
    }
    void await(std::size_t count) const {
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, kPatience, [&] { return count_ >= count; });
    }
    std::vector<std::string> gaps;

   private:
    mutable std::mutex mutex_;  // guards everything
    mutable std::condition_variable changed_;
    std::vector<char> seen_;
    std::size_t count_ = 0;
  };

  Member(std::unique_ptr<Consumer> consumer, Tally& tally)
      : consumer_{std::move(consumer)}, tally_{tally}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}
  void await_assignment() const { assigned_.wait(false); }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Consumer::Batch batch = consumer_->poll(500, milliseconds{20});
      if (!batch) continue;
      if (batch->kind == DISPYTCH_REVOKING) consumer_->sync();
      if (batch->event_token != 0) consumer_->settle(batch->event_token, DISPYTCH_ACK);
      if (batch->kind == DISPYTCH_ASSIGNED) {
        assigned_ = true;
        assigned_.notify_all();
      }
      std::map<std::uint32_t, std::uint64_t> last;
      for (const Incoming& message : messages_of(*batch)) {
        tally_.saw(message.partition, message.offset);
        std::int64_t& expected = next_.try_emplace(message.source, message.offset).first->second;
        if (expected != message.offset) {
          tally_.gap("partition " + std::to_string(message.partition) + ": " + std::to_string(message.offset) + " in place of " +
                     std::to_string(expected));
        }
        expected = message.offset + 1;
        last[message.source] = message.token;
      }
      for (const auto& [source, token] : last) consumer_->settle(token);
    }
    consumer_->close();
  }

  std::unique_ptr<Consumer> consumer_;
  Tally& tally_;
  std::map<std::uint32_t, std::int64_t> next_;  // by source
  std::atomic<bool> assigned_ = false;
  std::jthread thread_;
};

TEST_P(Group, LosesNothingWhileMembersComeAndGo) {
  constexpr std::size_t kMessages = 400'000;
  const std::string topic = make_topic(kPartitions);
  Member::Tally tally{kMessages};
  std::jthread feed{[&] {
    std::vector<Outgoing> messages(kMessages, {.topic = topic, .payload = "m"});
    for (std::size_t i = 0; i < kMessages; ++i) messages[i].partition = static_cast<std::int32_t>(i % kPartitions);
    backend.producer()->publish(messages);
  }};
  {
    // A small queue, so that messages are on their way at any time: what is lost is lost from there.
    const json busy{{"queued.max.messages.kbytes", 2000}, {"fetch.wait.max.ms", 10}};
    const Member steady{member(topic, busy), tally};
    for (std::size_t tenths = 1; tenths < 10; tenths += 2) {
      const Member passing{member(topic, busy), tally};
      passing.await_assignment();
      tally.await(tenths * kMessages / 10);
    }
    tally.await(kMessages);
  }
  EXPECT_EQ(tally.count(), kMessages);
  EXPECT_THAT(tally.gaps, ::testing::IsEmpty());
}

}  // namespace
}  // namespace dispytch::kafka::testing
