// What was stored after a group's first assignment is handled, or a line of the log says what is gone: over a real Kafka, with real
// processes. docs/delivery.md has the table of the cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "support/kafka_access.hpp"
#include "support/kafka_topics.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// start, and whether something is handled in each partition before the event of the case.
using Case = std::tuple<std::string, std::string>;

class Positions : public ::testing::TestWithParam<Case> {
 protected:
  Positions() : name_{"positions-" + std::to_string(::getpid()) + "-" + std::to_string(++made)} {}

  std::string start() const { return std::get<0>(GetParam()); }
  bool busy() const { return std::get<1>(GetParam()) == "busy"; }
  std::string topic(const std::string& suffix = {}) const { return name_ + suffix; }

  // Each partition has a message from before the group.
  void create(const std::string& topic, int partitions) {
    topics_.create(topic, partitions);
    for (int p = 0; p < partitions; ++p) emit(topic, p, "old");
  }

  void emit(const std::string& topic, std::int32_t partition, const std::string& payload) {
    // As long as a broker doesn't know of a new topic or partition: it refuses, and stores nothing.
    for (const auto end = std::chrono::steady_clock::now() + 30s;; std::this_thread::sleep_for(50ms)) {
      if (try_emit(topic, partition, payload)) return;
      if (std::chrono::steady_clock::now() >= end) throw std::runtime_error{topic + " takes no message"};
    }
  }

  // `topics`: as a list of the config file.
  std::unique_ptr<Process> serve(const std::string& topics, const std::string& name = "service") {
    const std::string file = folder_ / (name + ".yaml");
    std::ofstream{file} << "version: 1\n"
                        << "plugins: { paths: [\"" DISPYTCH_PLUGINS "\"] }\n"
                        << "backends:\n  bus:\n    plugin: kafka\n    config:\n      bootstrap.servers: \"" << kafka_address() << "\"\n"
                        << "      session.timeout.ms: 6s\n      heartbeat.interval.ms: 500\n      auto.commit.interval.ms: 100ms\n"
                        << "listeners:\n  in: { backend: bus, group: " << name_ << ", start: " << start() << ", topics: " << topics
                        << " }\n";
    return std::make_unique<Process>(std::vector<std::string>{POSITIONS_SERVICE, "--config", file});
  }
  std::string named() const { return "[\"" + name_ + "\"]"; }
  std::string pattern() const { return "[{ pattern: \"^" + name_ + ".*\" }]"; }

  // The group has begun with that partition: from here on nothing may be missed.
  void await_begun(const std::string& topic, int partitions) {
    for (int p = 0; p < partitions; ++p) await_position(topic, p, 0);
  }
  void await_position(const std::string& topic, int partition, std::int64_t least) {
    const auto end = std::chrono::steady_clock::now() + 40s;
    while (committed(kafka_address(), name_, topic, partition) < least) {
      if (std::chrono::steady_clock::now() >= end) {
        throw std::runtime_error{"group " + name_ + " has no position from " + std::to_string(least) + " on in " + topic + ", partition " +
                                 std::to_string(partition)};
      }
    }
  }

  // By hand, as of a group without members.
  void commit(std::int64_t position) {
    const auto client = kafka_client(RD_KAFKA_CONSUMER, kafka_address(), name_);
    const std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyedBy<rd_kafka_topic_partition_list_destroy>> list{
        rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), topic().c_str(), 0)->offset = position;
    if (const rd_kafka_resp_err_t error = rd_kafka_commit(client.get(), list.get(), 0); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{std::string{"committing: "} + rd_kafka_err2str(error)};
    }
  }
  void await_position_below(std::int64_t most) {
    for (const auto end = std::chrono::steady_clock::now() + 40s; committed(kafka_address(), name_, topic()) >= most;) {
      if (std::chrono::steady_clock::now() >= end) throw std::runtime_error{"the position stays at " + std::to_string(most) + " or above"};
    }
  }

  static std::string line(const std::string& topic, int partition, const std::string& payload) {
    return topic + "[" + std::to_string(partition) + "] " + payload + "\n";
  }

  // Begins a group with the topic, and handles something in each partition where the case is a busy one.
  void begin(Process& service, const std::string& topic, int partitions) {
    service.await_errors("assigned: ");
    await_begun(topic, partitions);
    for (int p = 0; p < partitions && busy(); ++p) {
      emit(topic, p, "first");
      service.await_output(line(topic, p, "first"));
      await_position(topic, p, 2);
    }
  }

  static int made;
  const std::string name_;
  TemporaryFolder folder_;
  KafkaTopics topics_{kafka_address()};

 private:
  bool try_emit(const std::string& topic, std::int32_t partition, const std::string& payload) {
    const auto client = kafka_client(RD_KAFKA_PRODUCER, kafka_address());
    const std::unique_ptr<rd_kafka_queue_t, DestroyedBy<rd_kafka_queue_destroy>> queue{rd_kafka_queue_get_main(client.get())};
    const std::unique_ptr<rd_kafka_topic_t, DestroyedBy<rd_kafka_topic_destroy>> handle{
        rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
    std::string copy = payload;
    if (rd_kafka_produce(handle.get(), partition, RD_KAFKA_MSG_F_COPY, copy.data(), copy.size(), nullptr, 0, nullptr) != 0) return false;
    const bool flushed = rd_kafka_flush(client.get(), 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR;
    std::int64_t low = 0, high = 0;
    return flushed &&
           rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), partition, &low, &high, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           high > 0;
  }
};
int Positions::made = 0;

INSTANTIATE_TEST_SUITE_P(Starts, Positions, ::testing::Combine(::testing::Values("earliest", "latest"), ::testing::Values("busy", "idle")),
                         [](const auto& each) { return std::get<0>(each.param) + "_" + std::get<1>(each.param); });

TEST_P(Positions, AreKeptBySigterm) {
  create(topic(), 2);
  auto service = serve(named());
  begin(*service, topic(), 2);
  for (int p = 0; p < 2 && start() == "earliest"; ++p) service->await_output(line(topic(), p, "old"));
  service->signal(SIGTERM);
  const Finished ended = service->finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_EQ(ended.output.find("old") != std::string::npos, start() == "earliest") << ended.output;
  for (int p = 0; p < 2; ++p) emit(topic(), p, "between");
  service = serve(named());
  for (int p = 0; p < 2; ++p) service->await_output(line(topic(), p, "between"));
  service->signal(SIGTERM);
  EXPECT_THAT(service->finish().output, AllOf(Not(HasSubstr("old")), Not(HasSubstr("first"))));
}

TEST_P(Positions, AreKeptByKill) {
  create(topic(), 2);
  auto service = serve(named());
  begin(*service, topic(), 2);
  service->signal(SIGKILL);
  service->finish();
  for (int p = 0; p < 2; ++p) emit(topic(), p, "between");
  service = serve(named());
  for (int p = 0; p < 2; ++p) service->await_output(line(topic(), p, "between"));
}

// A second member waits, and takes over what the first one had.
TEST_P(Positions, AreHandedOver) {
  create(topic(), 1);
  auto first = serve(named(), "first");
  begin(*first, topic(), 1);
  const auto second = serve(named(), "second");
  first->await_errors("revoked");
  first->signal(SIGKILL);
  first->finish();
  emit(topic(), 0, "between");
  second->await_output(line(topic(), 0, "between"));
}

TEST_P(Positions, AreKeptThroughARebalanceWithAnAddedMember) {
  create(topic(), 2);
  const auto first = serve(named(), "first");
  begin(*first, topic(), 2);
  const auto second = serve(named(), "second");
  for (int p = 0; p < 2; ++p) emit(topic(), p, "meanwhile");
  second->await_errors("assigned: ");
  for (int p = 0; p < 2; ++p) emit(topic(), p, "then");
  second->await_errors("assigned: " + topic());
  first->signal(SIGTERM);
  std::string handled = first->finish().output;
  for (int p = 0; p < 2; ++p) emit(topic(), p, "last");
  for (int p = 0; p < 2; ++p) second->await_output(line(topic(), p, "last"));
  second->signal(SIGTERM);
  handled += second->finish().output;
  for (int p = 0; p < 2; ++p) {
    EXPECT_THAT(handled, AllOf(HasSubstr(line(topic(), p, "meanwhile")), HasSubstr(line(topic(), p, "then"))));
  }
}

TEST_P(Positions, BeginAtTheBeginningOfAPartitionAddedMeanwhile) {
  create(topic(), 1);
  const auto service = serve(named());
  begin(*service, topic(), 1);
  topics_.grow(topic(), 2);
  emit(topic(), 1, "new");
  service->await_output(line(topic(), 1, "new"));
}

TEST_P(Positions, BeginAtTheBeginningOfAPartitionAddedWhileNobodyRan) {
  create(topic(), 1);
  auto service = serve(named());
  begin(*service, topic(), 1);
  service->signal(SIGTERM);
  service->finish();
  topics_.grow(topic(), 2);
  emit(topic(), 1, "new");
  service = serve(named());
  service->await_output(line(topic(), 1, "new"));
}

TEST_P(Positions, BeginAtTheBeginningOfATopicThatAPatternFindsMeanwhile) {
  create(topic("-one"), 1);
  const auto service = serve(pattern());
  begin(*service, topic("-one"), 1);
  topics_.create(topic("-two"), 1);
  emit(topic("-two"), 0, "new");
  service->await_output(line(topic("-two"), 0, "new"));
}

TEST_P(Positions, BeginAtTheBeginningOfATopicThatAPatternFindsLater) {
  create(topic("-one"), 1);
  auto service = serve(pattern());
  begin(*service, topic("-one"), 1);
  service->signal(SIGTERM);
  service->finish();
  topics_.create(topic("-two"), 1);
  emit(topic("-two"), 0, "new");
  service = serve(pattern());
  service->await_output(line(topic("-two"), 0, "new"));
}

TEST_P(Positions, BelowWhatIsKeptGoOnThereAndSayWhatIsGone) {
  create(topic(), 1);
  auto service = serve(named());
  begin(*service, topic(), 1);
  service->signal(SIGTERM);
  service->finish();
  const std::int64_t position = committed(kafka_address(), name_, topic());
  for (int i = 0; i < 10; ++i) emit(topic(), 0, "n" + std::to_string(i));
  topics_.delete_before(topic(), 0, position + 6);
  service = serve(named());
  service->await_output(line(topic(), 0, "n9"));
  service->await_errors("topic `" + topic() + "`, partition 0: offsets " + std::to_string(position) + " to " +
                        std::to_string(position + 5) + " (6) were deleted before they were read; it goes on at " +
                        std::to_string(position + 6));
  service->signal(SIGTERM);
  const Finished ended = service->finish();
  for (int i = 6; i < 10; ++i) EXPECT_THAT(ended.output, HasSubstr(line(topic(), 0, "n" + std::to_string(i))));
  EXPECT_EQ(committed(kafka_address(), name_, topic()), position + 10);
}

// The log is shorter than the position: the topic was made anew too fast for anybody to see it missing.
TEST_P(Positions, AboveTheEndGoOnAtTheOldestAndSaySo) {
  create(topic(), 1);
  auto service = serve(named());
  begin(*service, topic(), 1);
  service->signal(SIGTERM);
  service->finish();
  commit(1000);
  service = serve(named());
  service->await_output(line(topic(), 0, "old"));
  service->await_errors("topic `" + topic() + "`, partition 0: the position is 1000, but the log ends at ");
  await_position_below(1000);
  emit(topic(), 0, "new");
  service->await_output(line(topic(), 0, "new"));
}

TEST_P(Positions, BeginAtTheBeginningOfATopicMadeAnew) {
  create(topic(), 1);
  for (int i = 0; i < 5; ++i) emit(topic(), 0, "old");
  const auto service = serve(named());
  begin(*service, topic(), 1);
  topics_.remove(topic());
  topics_.create(topic(), 1);
  for (int i = 0; i < 3; ++i) emit(topic(), 0, "anew" + std::to_string(i));
  for (int i = 0; i < 3; ++i) service->await_output(line(topic(), 0, "anew" + std::to_string(i)));
}

// As it is with a topic that grows faster than anybody looks: it has more messages than the position says when it is noticed.
TEST_P(Positions, BeginAtTheBeginningOfATopicMadeAnewThatHasGrownPastThem) {
  create(topic(), 1);
  const auto service = serve(named());
  begin(*service, topic(), 1);
  topics_.remove(topic());
  service->await_errors("revoked: ");
  topics_.create(topic(), 1);
  for (int i = 0; i < 10; ++i) emit(topic(), 0, "anew" + std::to_string(i));
  for (int i = 0; i < 10; ++i) service->await_output(line(topic(), 0, "anew" + std::to_string(i)));
}

// The end waits neither for the topic nor for librdkafka, which keeps what it has of it.
TEST_P(Positions, OfATopicThatIsGoneDontKeepTheProcess) {
  create(topic(), 1);
  const auto service = serve(named());
  begin(*service, topic(), 1);
  topics_.remove(topic());
  service->await_errors("revoked: ");
  service->signal(SIGTERM);
  const Finished ended = service->finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
}

// While nobody ran: the cluster forgets positions with their topic, and `start` says where to begin.
TEST_P(Positions, AreForgottenWithTheirTopicWhileNobodyRuns) {
  create(topic(), 1);
  auto service = serve(named());
  begin(*service, topic(), 1);
  service->signal(SIGTERM);
  service->finish();
  topics_.remove(topic());
  topics_.create(topic(), 1);
  for (int i = 0; i < 10; ++i) emit(topic(), 0, "anew" + std::to_string(i));
  service = serve(named());
  service->await_errors("assigned: ");
  await_begun(topic(), 1);
  emit(topic(), 0, "after");
  service->await_output(line(topic(), 0, "after"));
  service->signal(SIGTERM);
  const std::string handled = service->finish().output;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(handled.find(line(topic(), 0, "anew" + std::to_string(i))) != std::string::npos, start() == "earliest") << handled;
  }
}

}  // namespace
}  // namespace dispytch::testing
