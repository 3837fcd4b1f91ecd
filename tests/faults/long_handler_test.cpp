// A handler that takes longer than max.poll.interval.ms: its member stays in the group, and the message is handled once.
#include "faults/fault_test.hpp"

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kPollInterval = "6000";  // ms; no session is shorter by the broker's default

// A member of a group of its own that polls until it has a message, and then no more.
class SilentMember {
 public:
  SilentMember(const std::string& address, const std::string& group, const std::string& topic) {
    rd_kafka_conf_t* settings = rd_kafka_conf_new();
    for (const auto& [name, value] : {std::pair{"bootstrap.servers", address},
                                      {"group.id", group},
                                      {"auto.offset.reset", std::string{"earliest"}},
                                      {"enable.auto.commit", std::string{"false"}},
                                      {"session.timeout.ms", std::string{kPollInterval}},
                                      {"max.poll.interval.ms", std::string{kPollInterval}},
                                      {"log_level", std::string{"0"}}}) {
      rd_kafka_conf_set(settings, name, value.c_str(), nullptr, 0);
    }
    client_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, settings, nullptr, 0));
    rd_kafka_poll_set_consumer(client_.get());
    const std::unique_ptr<rd_kafka_topic_partition_list_t, testing::DestroyedBy<rd_kafka_topic_partition_list_destroy>> topics{
        rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client_.get(), topics.get());
  }
  bool await_message() const {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{40}; std::chrono::steady_clock::now() < end;) {
      const std::unique_ptr<rd_kafka_message_t, testing::DestroyedBy<rd_kafka_message_destroy>> message{
          rd_kafka_consumer_poll(client_.get(), 1000)};
      if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    }
    return false;
  }

 private:
  std::unique_ptr<rd_kafka_t, testing::DestroyedBy<rd_kafka_destroy>> client_;
};

using LongHandler = FaultTest;

// How long is long? Until a member that was silent for as long as the handlers run has lost its partition to another.
TEST_F(LongHandler, KeepsItsMembershipAndIsCalledOnce) {
  put({{.key = "a", .number = 1, .what = "wait"}, {.key = "a", .number = 2}});
  const std::string client = std::string{"max.poll.interval.ms: "} + kPollInterval + "ms";
  const auto polling = service({.client = client});  // handled by the thread that polls
  const auto pooled = service({.listener = "concurrency: 2", .client = client, .group = topic + "-workers"});  // handled by workers
  polling->await_output("begin a 1");
  pooled->await_output("begin a 1");
  const SilentMember silent{address, topic + "-control", topic};
  ASSERT_TRUE(silent.await_message());
  const SilentMember next{address, topic + "-control", topic};
  ASSERT_TRUE(next.await_message()) << "the silent member never lost its partition";
  go();
  for (Process* const running : {polling.get(), pooled.get()}) {
    running->await_output("end a 2");
    const Finished finished = stop(*running);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    EXPECT_THAT(lines_of(finished.output, "begin "), ElementsAre("a 1 1", "a 2 1"));
    EXPECT_THAT(finished.errors, AllOf(HasSubstr("assigned: "), Not(HasSubstr("revoked: ")), Not(HasSubstr("lost: "))));
  }
  EXPECT_EQ(committed(), 2);
  EXPECT_EQ(testing::committed(address, topic + "-workers", topic), 2);
}

}  // namespace
}  // namespace dispytch::faults
