// What will never be stored, however often it is sent: each such emit ends with an error that says so and what to change, and those beside
// it go on.
#include "faults/fault_test.hpp"

#include "support/mock_cluster.hpp"

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MockCluster;

class PermanentError : public FaultTest {
 protected:
  PermanentError() : FaultTest{1, {{"max.message.bytes", "100000"}}} {}

  OutgoingMessage message(const std::string& to, std::size_t size = 10) const { return {.topic = to, .payload = std::string(size, 'x')}; }

  /// Emits the bad one in the middle of good ones, all at once, and returns its error.
  Error emit_among_others(EventEmitter& emitter, const OutgoingMessage& bad) {
    std::atomic<int> confirmed = 0;
    std::optional<Error> error;
    for (int i = 0; i < 10; ++i) {
      emitter.emit(message(topic), [&](const Result<Receipt>& result) { confirmed += result ? 1 : 0; });
      if (i == 4) {
        emitter.emit(bad, [&](const Result<Receipt>& result) {
          if (!result) error = result.error();
        });
      }
    }
    EXPECT_TRUE(emitter.flush(std::chrono::seconds{20}));
    EXPECT_EQ(confirmed, 10) << "the others go on";
    EXPECT_EQ(payloads(topic).size(), 10U);
    return error.value_or(Error{});
  }
};

TEST_F(PermanentError, OfATopicThatDoesNotExistSaysSo) {
  EventEmitter emitter{kafka().producer()};
  const Error error = emit_among_others(emitter, message(topic + "-missing"));
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_FALSE(error.maybe_sent || error.retriable || error.fatal);
  EXPECT_EQ(error.text, "there is no topic `" + topic + "-missing` at " + address);
}

TEST_F(PermanentError, OfAMessageThatTheClientTakesForTooLargeSaysSo) {
  EventEmitter emitter{kafka().producer({.config = {{"message.max.bytes", 50000}}})};
  const Error error = emit_among_others(emitter, message(topic, 60'000));
  EXPECT_EQ(error.code, ErrorCode::too_big);
  EXPECT_FALSE(error.maybe_sent || error.retriable || error.fatal);
  EXPECT_THAT(error.text, AllOf(HasSubstr("60000 bytes"), HasSubstr(topic), HasSubstr("`message.max.bytes`")));
}

TEST_F(PermanentError, OfAMessageThatTheTopicTakesForTooLargeSaysSo) {
  EventEmitter emitter{kafka().producer({.config = {{"batch.size", 50000}}})};
  const Error error = emit_among_others(emitter, message(topic, 150'000));
  EXPECT_EQ(error.code, ErrorCode::too_big);
  EXPECT_FALSE(error.maybe_sent || error.retriable || error.fatal);
  EXPECT_THAT(error.text, AllOf(HasSubstr("150000 bytes"), HasSubstr(topic), HasSubstr("`max.message.bytes`")));
}

// librdkafka never divides a batch that the topic takes for too large: the messages in it fail, each of which is small.
TEST_F(PermanentError, OfABatchThatTheTopicTakesForTooLargeNamesWhatToChange) {
  EventEmitter emitter{kafka().producer({.config = {{"linger.ms", "100ms"}}})};
  std::optional<Error> error;
  for (int i = 0; i < 30; ++i) {
    emitter.emit(message(topic, 10'000), [&](const Result<Receipt>& result) {
      if (!result) error = result.error();
    });
  }
  ASSERT_TRUE(emitter.flush(std::chrono::seconds{20}));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::too_big);
  EXPECT_FALSE(error->maybe_sent);
  EXPECT_THAT(error->text, AllOf(HasSubstr(topic), HasSubstr("`max.message.bytes`"), HasSubstr("`batch.size`")));
}

TEST_F(PermanentError, OfATopicThatIsForbiddenSaysSo) {
  const std::string forbidden = topic + "-forbidden";
  topics.create(forbidden, 1);
  const testing::Forbidden nobody{address, forbidden, RD_KAFKA_ACL_OPERATION_WRITE};
  EventEmitter emitter{kafka().producer()};
  const Error error = emit_among_others(emitter, message(forbidden));
  EXPECT_EQ(error.code, ErrorCode::auth);
  EXPECT_FALSE(error.maybe_sent || error.retriable || error.fatal);
  EXPECT_THAT(error.text, AllOf(HasSubstr(forbidden), HasSubstr("authorization failed")));
}

TEST_F(PermanentError, OfReadingEndsTheListenerWithTheReason) {
  put({{.key = "a", .number = 1}});
  const auto running = service({});
  running->await_output("end a 1");
  const testing::Forbidden nobody{address, topic, RD_KAFKA_ACL_OPERATION_READ};
  const Finished finished = running->finish();  // by itself
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("listener board ended with an error: consuming from " + address + ", topic `" + topic + "`"),
                                     HasSubstr("authorization failed")));
}

}  // namespace
}  // namespace dispytch::faults
