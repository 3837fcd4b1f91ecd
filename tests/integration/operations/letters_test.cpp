// Dead letters that can't be stored.
#include "integration/operations/scene.hpp"

#include <csignal>

namespace dispytch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Letters : public Operations {
 protected:
  static std::string listener(const std::string& topic) {
    return "topics: [" + topic + "], dead_letter: { emitter: out }, retry: { backoff: { initial: 50ms } }";
  }
};

TEST_F(Letters, ThatAreTooLargeInAnyFormAreHeldWithTheReasonAndTheCommand) {
  const std::string topic = create("", 2);
  create(".dlq", 1, {{"max.message.bytes", "1000"}});
  emit(topic, "fail0010" + std::string(2000, 'p'));
  emit(topic, "fine", 1);
  const Service service = serve({{.more = listener(topic)}});
  service.process->await_errors("It is held");
  service.process->await_output("in fine\n");
  const std::string why = await(service, "/ready", "1 message is held: topic `" + topic + "`, partition 0, offset 0");
  EXPECT_THAT(
      why, AllOf(HasSubstr("xxxxxxxxxx; its dead letter can't be stored: topic `" + topic + ".dlq` at"), HasSubstr("`max.message.bytes`")));
  EXPECT_EQ(get(service, "/ready").status, 503);
  service.process->signal(SIGTERM);
  EXPECT_THAT(service.process->finish().errors, HasSubstr(" in " + topic + " 0 0\n"));
}

TEST_F(Letters, LeaveOutWhatMakesThemTooLarge) {
  const std::string topic = create("", 1);
  const std::string letters = create(".dlq", 1, {{"max.message.bytes", "1000"}});
  emit(topic, "fail0900" + std::string(100, 'p'));
  const Service service = serve({{.more = listener(topic)}});
  service.process->await_errors("dead letter, too large with all of its headers, without some of them, on topic `" + topic + "`");
  EXPECT_EQ(get(service, "/ready").status, 200);
  service.process->signal(SIGTERM);
  const Finished finished = service.process->finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.errors, Not(HasSubstr("It is held")));
}

TEST_F(Letters, OfATopicThatIsMissingAreToldOfAtTheStartAndStoredOnceItIsThere) {
  const std::string topic = create("", 1);
  const Service service = serve({{.more = listener(topic)}});
  service.process->await_errors("its dead letters go to topic `" + topic + ".dlq`, which doesn't exist: what can't be handled waits until");
  EXPECT_TRUE(await_ready(service)) << "none is needed yet";
  emit(topic, "fail");
  EXPECT_THAT(await(service, "/ready", "its dead letter can't be stored"), HasSubstr("there is no topic `" + topic + ".dlq`"));
  create(".dlq", 1);
  service.process->await_errors("dead letter on topic `" + topic + "`");
  EXPECT_TRUE(await_ready(service)) << get(service, "/ready").text;
}

TEST_F(Letters, OfATopicThatIsThereAreNoNewsAtTheStart) {
  const std::string topic = create("", 1);
  create(".dlq", 1);
  const Service service = serve({{.more = listener(topic)}});
  ASSERT_TRUE(await_ready(service));
  service.process->signal(SIGTERM);
  EXPECT_THAT(service.process->finish().errors, Not(HasSubstr("doesn't exist")));
}

}  // namespace
}  // namespace dispytch::testing
