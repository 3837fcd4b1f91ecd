// A dead letter can't be stored: it is tried again, or its message held where no try can help; its lane waits, the other partitions go on;
// once it can be stored, its message is settled.
#include "faults/fault_test.hpp"

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RefusedDeadLetter : public FaultTest {
 protected:
  RefusedDeadLetter() : FaultTest{2} {
    put({{.key = "a", .number = 0}, {.key = "a", .number = 1, .what = "fail"}, {.key = "a", .number = 2}}, 0);
  }

  std::unique_ptr<Process> start() const {
    return service({.listener = "retry: { attempts: 1, backoff: { initial: 100ms, max: 500ms } }, dead_letter: { emitter: out }",
                    .emitter = "timeout: 5s"});
  }
  /// It is refused for the reason, more than once, and nothing else waits for it.
  void expect_refusal(Process& service, const std::string& reason) {
    const std::string refusal =
        "a dead letter could not be stored, and is tried again: on topic `" + topic + "`, partition 0, offset 1, key \"a\": " + reason;
    service.await_errors(refusal);
    put({{.key = "b", .number = 0}}, 1);
    service.await_output("end b 0");
  }
  /// From now on it can be stored.
  void expect_burial(Process& service) {
    service.await_output("end a 2");
    const Finished finished = stop(service);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    EXPECT_THAT(lines_of(finished.output, "end a "), ElementsAre("0", "2")) << "what is behind it waited";
    EXPECT_THAT(finished.errors,
                AllOf(HasSubstr("dead letter on topic `" + topic + "`, partition 0, offset 1"), HasSubstr("1 dead-lettered")));
    EXPECT_THAT(payloads(letters), ElementsAre(HasSubstr(R"("number":1)")));
    EXPECT_EQ(committed(0), 3);
    EXPECT_EQ(committed(1), 1);
  }

  const std::string letters = topic + ".dlq";
};

TEST_F(RefusedDeadLetter, BecauseItsTopicIsMissingIsStoredOnceThatIsThere) {
  const auto running = start();
  expect_refusal(*running, "there is no topic `" + letters + "`");
  EXPECT_EQ(committed(0) > 1, false) << "it isn't settled";
  topics.create(letters, 1);
  expect_burial(*running);
}

TEST_F(RefusedDeadLetter, BecauseItsTopicIsForbiddenIsStoredOnceThatIsAllowed) {
  topics.create(letters, 1);
  testing::Forbidden nobody{address, letters, RD_KAFKA_ACL_OPERATION_WRITE};
  const auto running = start();
  expect_refusal(*running, "topic `" + letters + "`");
  EXPECT_EQ(committed(0) > 1, false) << "it isn't settled";
  nobody.end();
  expect_burial(*running);
}

// It can't be stored at all, however little it says: the log says what to change, and a stop in order leaves it to the next start.
TEST_F(RefusedDeadLetter, BecauseItIsTooLargeIsHeldForThoseWhoCanChangeThat) {
  topics.create(letters, 1, -1, {{"max.message.bytes", "50"}});
  {
    const auto running = start();
    running->await_errors("its dead letter can't be stored: topic `" + letters + "`");
    running->await_errors("It is held");
    running->await_errors("max.message.bytes");
    put({{.key = "b", .number = 0}}, 1);
    running->await_output("end b 0");
    EXPECT_EQ(stop(*running).exit_code, 0);
    EXPECT_EQ(committed(0), 1) << "it isn't settled";
  }
  topics.remove(letters);
  topics.create(letters, 1);
  const auto next = start();
  next->await_output("end a 2");
  EXPECT_THAT(lines_of(stop(*next).output, "end "), ElementsAre("a 2"));
  EXPECT_EQ(committed(0), 3);
}

}  // namespace
}  // namespace dispytch::faults
