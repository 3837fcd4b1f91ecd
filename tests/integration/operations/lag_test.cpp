// How far a service says that it is behind.
#include "integration/operations/scene.hpp"

#include <csignal>

namespace dispytch::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

using Lag = Operations;

TEST_F(Lag, CountsFromWhereTheListenerBeganWhileItsFirstHandlerIsBusy) {
  const std::string topic = create("", 2);
  emit(topic, "wait");
  for (int i = 1; i < 200; ++i) emit(topic, std::to_string(i));
  const Service service = serve({{.more = "topics: [" + topic + "]"}});
  const std::string metrics = await_metric(service, lag("in", topic, 200));
  EXPECT_THAT(metrics, HasSubstr(lag("in", topic, 200) + "\n"));
  EXPECT_THAT(metrics, HasSubstr(lag("in", topic, 0, 1) + "\n"));
  const std::string age = "dispytch_oldest_unhandled_seconds.listener=.in.,topic=." + topic + ".,partition=.";
  EXPECT_THAT(metrics, ContainsRegex(age + "0.. [0-9.]*[1-9]"));
  EXPECT_THAT(metrics, ContainsRegex(age + "1.. 0\n"));
  for (int i = 0; i < 100; ++i) emit(topic, "more");
  EXPECT_THAT(await_metric(service, lag("in", topic, 300)), HasSubstr(lag("in", topic, 300) + "\n")) << "it is renewed";
  go();
  const std::string after = await_metric(service, lag("in", topic, 0));
  EXPECT_THAT(after, HasSubstr(lag("in", topic, 0) + "\n"));
  EXPECT_THAT(after, ContainsRegex(age + "0.. 0\n"));
}

TEST_F(Lag, OfTwoListenersOfOneBackendIsEachItsOwn) {
  const std::string topic = create("", 1);
  const std::string slow = create("-slow", 1);
  emit(slow, "wait");
  for (int i = 1; i < 50; ++i) emit(slow, "x");
  for (int i = 0; i < 20; ++i) emit(topic, "x");
  const Service service =
      serve({{.more = "topics: [" + topic + "]"}, {.name = "other", .group = "others", .more = "topics: [" + slow + "]"}});
  EXPECT_THAT(await_metric(service, lag("other", slow, 50)), HasSubstr(lag("other", slow, 50) + "\n"));
  const std::string metrics = await_metric(service, lag("in", topic, 0));
  EXPECT_THAT(metrics, HasSubstr(lag("in", topic, 0) + "\n"));
  EXPECT_THAT(metrics, HasSubstr(lag("other", slow, 50) + "\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("consumer_lag")));
  go();
}

TEST_F(Lag, IsZeroWhereAllThatAReaderCanGetOfTransactionsIsHandled) {
  const std::string topic = create("", 1);
  begin_transaction();
  for (int i = 0; i < 5; ++i) emit(topic, "first");
  end_transaction(true);
  begin_transaction();
  for (int i = 0; i < 3; ++i) emit(topic, "aborted");
  end_transaction(false);
  begin_transaction();
  for (int i = 0; i < 4; ++i) emit(topic, "open");
  const Service service = serve({{.more = "topics: [" + topic + "]"}});
  service.process->await_output("in first\nin first\nin first\nin first\nin first\n");
  EXPECT_THAT(await_metric(service, lag("in", topic, 0)), HasSubstr(lag("in", topic, 0) + "\n")) << "marks and an open one are no lag";
  emit(topic, "last");
  end_transaction(true);
  service.process->await_output("in last\n");
  EXPECT_THAT(await_metric(service, lag("in", topic, 0)), HasSubstr(lag("in", topic, 0) + "\n"));
  service.process->signal(SIGTERM);
  EXPECT_THAT(service.process->finish().output, Not(HasSubstr("aborted")));
}

TEST_F(Lag, IsZeroBehindATransactionThatWasTakenBack) {
  const std::string topic = create("", 1);
  begin_transaction();
  emit(topic, "aborted");
  end_transaction(false);
  const Service service = serve({{.more = "topics: [" + topic + "]"}});
  EXPECT_THAT(await_metric(service, lag("in", topic, 0)), HasSubstr(lag("in", topic, 0) + "\n"));
}

TEST_F(Lag, OfAMemberThatStartsAgainCountsFromTheGroupsPosition) {
  const std::string topic = create("", 1);
  for (int i = 0; i < 10; ++i) emit(topic, "x");
  Service service = serve({{.more = "topics: [" + topic + "], start: latest"}});
  EXPECT_THAT(await_metric(service, lag("in", topic, 0)), HasSubstr(lag("in", topic, 0) + "\n")) << "it began at the end";
  service.process->signal(SIGTERM);
  EXPECT_EQ(service.process->finish().exit_code, 0);
  emit(topic, "wait");
  emit(topic, "x");
  service = serve({{.more = "topics: [" + topic + "], start: latest"}});
  EXPECT_THAT(await_metric(service, lag("in", topic, 2)), HasSubstr(lag("in", topic, 2) + "\n"));
  go();
}

}  // namespace
}  // namespace dispytch::testing
