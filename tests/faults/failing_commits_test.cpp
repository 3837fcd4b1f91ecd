// The broker doesn't take positions that are committed: that is said, they are committed again, and where that can't be, what they are
// about comes again.
#include "faults/fault_test.hpp"

#include "support/mock_cluster.hpp"

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MockCluster;

constexpr const char* kOften = "auto.commit.interval.ms: 100ms";

class FailingCommits : public FaultTest {
 protected:
  FailingCommits() { mock.create(topic); }
  /// Into the topic of the mock cluster.
  void put_there(int first, int last) const {
    EventEmitter emitter{kafka({}, mock.address()).producer()};
    for (int i = first; i <= last; ++i) emitter.emit(Order{.key = "a", .number = i}, {.topic = topic}).value();
  }
  /// The group has begun with its topic: before that nothing is delivered.
  void await_beginning() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{40};
    while (testing::committed(mock.address(), topic, topic) < 0) {
      if (std::chrono::steady_clock::now() >= end) throw std::runtime_error{"the group never begins"};
    }
  }
  MockCluster mock{"unused"};
};

TEST_F(FailingCommits, AreRepeatedUntilTheBrokerTakesThem) {
  put_there(1, 2);
  mock.refuse(MockCluster::Request::offset_commit, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_UNKNOWN});
  const Config config{.client = kOften, .at = mock.address()};
  const auto running = service(config);
  running->await_output("end a 2");
  running->await_errors("committing position ");  // refused the second time; the client itself repeats the first
  const Finished finished = stop(*running);
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_EQ(testing::committed(mock.address(), topic, topic), 2) << "nothing of it comes again";
}

// The client alone would wait for its own time-outs, of up to a minute.
TEST_F(FailingCommits, ToABrokerThatFellSilentHoldTheEndUpNoLongerThanTheDrain) {
  const auto running = service({.listener = "drain: 2s", .client = "auto.commit.interval.ms: 1h", .at = mock.address()});
  await_beginning();
  put_there(1, 2);
  running->await_output("end a 2");
  mock.set_silent(std::chrono::minutes{10});
  const auto asked = std::chrono::steady_clock::now();
  const Finished finished = stop(*running);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds{10}) << finished.errors;
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("the broker didn't take all of what was settled: the plugin `kafka` got no answer in time"));
}

TEST_F(FailingCommits, AtTheEndAreSaidAndComeAgain) {
  const Config config{.client = kOften, .at = mock.address()};
  const auto first = service(config);
  await_beginning();
  mock.refuse(MockCluster::Request::offset_commit, std::vector(100, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED));
  put_there(1, 2);
  first->await_output("end a 2");
  const Finished failed = stop(*first);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.errors, AllOf(HasSubstr("the broker didn't take all of what was settled: committing positions at " + mock.address()),
                                   HasSubstr("Group authorization failed")));
  mock.refuse_no_more(MockCluster::Request::offset_commit);
  const auto second = service(config);
  second->await_output("end a 2");
  EXPECT_THAT(lines_of(stop(*second).output, "end "), ElementsAre("a 1", "a 2")) << "as the log said";
  EXPECT_EQ(testing::committed(mock.address(), topic, topic), 2);
}

// A real broker refuses the positions of a topic that may not be read any more; the listener ends for that, too.
TEST_F(FailingCommits, ToATopicThatIsForbiddenMeanwhileLoseNothing) {
  put({{.key = "a", .number = 1}, {.key = "a", .number = 2, .what = "wait"}});
  const auto first = service({});
  first->await_output("begin a 2");
  testing::Forbidden nobody{address, topic, RD_KAFKA_ACL_OPERATION_READ};
  go();
  const Finished failed = first->finish();  // by itself
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.errors, AllOf(HasSubstr("listener board ended with an error: consuming from " + address + ", topic `" + topic + "`"),
                                   HasSubstr("authorization failed")));
  EXPECT_THAT(lines_of(failed.output, "end "), ElementsAre("a 1", "a 2"));
  nobody.end();
  put({{.key = "a", .number = 3}});
  const auto second = service({});
  second->await_output("end a 3");
  EXPECT_THAT(lines_of(stop(*second).output, "end "), ElementsAre("a 1", "a 2", "a 3"));
  EXPECT_EQ(committed(), 3);
}

}  // namespace
}  // namespace dispytch::faults
