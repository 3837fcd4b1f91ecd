// What a client can't go on after: the emitter refuses everything, the listener ends, each with the reason; nothing is settled that isn't
// done.
#include "faults/fault_test.hpp"

#include "support/mock_cluster.hpp"

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MockCluster;
using ::testing::Not;

class FatalError : public FaultTest {
 protected:
  /// The properties of a client that a message the topic takes for too large is fatal for: a gap in what it sends.
  static constexpr const char* kGapless = "enable.gapless.guarantee: true, message.max.bytes: 3000000";
};

TEST_F(FatalError, OfAnEmitterIsToldByEachEmitFromThenOn) {
  EventEmitter emitter{kafka().producer({.config = {{"enable.gapless.guarantee", true}, {"message.max.bytes", 3000000}}})};
  ASSERT_TRUE(emitter.emit(OutgoingMessage{.topic = topic, .payload = "before"}));
  EXPECT_FALSE(emitter.emit(OutgoingMessage{.topic = topic, .payload = std::string(2'000'000, 'x')}));
  for (int i = 0; i < 2; ++i) {
    const Result<Receipt> result = emitter.emit(OutgoingMessage{.topic = topic, .payload = "after"});
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().fatal);
    EXPECT_FALSE(result.error().retriable);
    EXPECT_THAT(result.error().text, AllOf(HasSubstr("the producer for " + address + " can't go on"), HasSubstr("Gap-less ordering")));
  }
  EXPECT_TRUE(emitter.flush(std::chrono::seconds{20})) << "everything has had its answer";
  EXPECT_THAT(payloads(topic), ElementsAre("before"));
}

TEST_F(FatalError, OfTheFirstRequestOfAnIdempotentProducerIsToldByItsEmits) {
  MockCluster mock{"t"};
  mock.refuse(MockCluster::Request::init_producer_id, {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  EventEmitter emitter{kafka({}, mock.address()).producer()};
  const Result<Receipt> first = emitter.emit(OutgoingMessage{.topic = "t", .payload = "p"});
  ASSERT_FALSE(first);
  EXPECT_FALSE(first.error().maybe_sent);
  const Result<Receipt> next = emitter.emit(OutgoingMessage{.topic = "t", .payload = "p"});
  ASSERT_FALSE(next);
  EXPECT_TRUE(next.error().fatal);
  EXPECT_EQ(next.error().code, ErrorCode::auth);
}

// The listener emits through a client that is broken for good: another attempt can't succeed, and no message is to blame.
TEST_F(FatalError, OfTheEmitterBehindAListenerEndsIt) {
  const std::string out = topic + "-out";
  topics.create(out, 1, -1, {{"max.message.bytes", "10"}});  // nothing fits
  put({{.key = "a", .number = 1}, {.key = "a", .number = 2, .what = "emit"}, {.key = "a", .number = 3}});
  const auto running = service({.listener = "emitter: out, retry: { attempts: 5 }, on_failure: drop",
                                .emitter = std::string{"timeout: 5s, config: { "} + kGapless + " }"},
                               {{"DISPYTCH_TEST_EMITS_TO", out}});
  const Finished finished = running->finish();  // by itself
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("listener board ended with an error"), HasSubstr("can't go on"), HasSubstr("offset 1"),
                                     Not(HasSubstr("dropped after"))));
  EXPECT_EQ(committed(), 1) << "what was done is settled, and nothing else";
}

TEST_F(FatalError, OfTheDeadLettersEmitterEndsTheListener) {
  const std::string letters = topic + ".dlq";
  topics.create(letters, 1, -1, {{"max.message.bytes", "10"}});
  put({{.key = "a", .number = 1, .what = "fail"}, {.key = "a", .number = 2}});
  const auto running = service({.listener = "retry: { attempts: 1 }, dead_letter: { emitter: out }",
                                .emitter = std::string{"timeout: 5s, config: { "} + kGapless + " }"});
  const Finished finished = running->finish();  // by itself
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("listener board ended with an error"), HasSubstr("can't go on"), HasSubstr("offset 0")));
  EXPECT_EQ(committed(), 0) << "where the group began, and nothing else";
}

TEST_F(FatalError, OfAnInstanceThatIsStartedTwiceEndsTheFirst) {
  put({{.key = "a", .number = 1}, {.key = "a", .number = 2, .what = "wait"}});
  const std::string member = "instance: member-1";
  const auto first = service({.listener = member});
  first->await_output("begin a 2");
  const auto second = service({.listener = member});
  first->await_errors("fenced");
  go();
  const Finished fenced = first->finish();  // by itself
  EXPECT_EQ(fenced.exit_code, 1);
  EXPECT_THAT(fenced.errors, AllOf(HasSubstr("listener board ended with an error"), HasSubstr("group.instance.id")));
  second->await_output("end a 2");
  const Finished finished = stop(*second);
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_EQ(committed(), 2);
}

}  // namespace
}  // namespace dispytch::faults
