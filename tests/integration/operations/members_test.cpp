// Members to which their group gives nothing are ready, and idle.
#include "integration/operations/scene.hpp"

#include <csignal>
#include <string>

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;

class Members : public Operations, public ::testing::WithParamInterface<const char*> {
 protected:
  static std::string strategy() { return std::string{"      partition.assignment.strategy: "} + GetParam() + "\n"; }
};

INSTANTIATE_TEST_SUITE_P(Assignors, Members, ::testing::Values("range", "cooperative-sticky"),
                         [](const auto& each) { return std::string{each.param} == "range" ? "Range" : "Cooperative"; });

TEST_P(Members, BeyondThePartitionsAreReadyAndTakeOverWhenTheOtherLeaves) {
  const std::string topic = create("", 1);
  const Service first = serve({{.more = "topics: [" + topic + "]"}}, strategy());
  ASSERT_TRUE(await_ready(first)) << get(first, "/ready").text;
  const Service surge = serve({{.more = "topics: [" + topic + "]"}}, strategy());
  EXPECT_TRUE(await_ready(surge)) << get(surge, "/ready").text;
  EXPECT_EQ(get(first, "/ready").status, 200);
  first.process->signal(SIGTERM);
  EXPECT_EQ(first.process->finish().exit_code, 0);
  emit(topic, "x");
  surge.process->await_output("in x\n");
  EXPECT_EQ(get(surge, "/ready").status, 200);
}

TEST_P(Members, OfAPatternThatMatchesNothingAreReadyAndBeginWithTheFirstTopic) {
  const Service service = serve({{.more = "topics: [{ pattern: \"^" + topic() + ".*\" }]"}}, strategy());
  EXPECT_TRUE(await_ready(service)) << get(service, "/ready").text;
  const std::string later = create("-later", 1);
  emit(later, "x");
  service.process->await_output("in x\n");
  EXPECT_EQ(get(service, "/ready").status, 200);
}

TEST_P(Members, WithNothingToReadAreIdle) {
  const std::string topic = create("", 1);
  const Service first = serve({{.more = "topics: [" + topic + "]"}}, strategy());
  ASSERT_TRUE(await_ready(first));
  const Service surge = serve({{.more = "topics: [" + topic + "]"}}, strategy(), {"--until-idle", "1s"});
  const Service nothing = serve({{.group = "pattern", .more = "topics: [{ pattern: \"^" + this->topic("-nothing") + "\" }]"}}, strategy(),
                                {"--until-idle", "1s"});
  EXPECT_EQ(surge.process->finish().exit_code, 0);
  EXPECT_EQ(nothing.process->finish().exit_code, 0);
}

using UntilIdle = Operations;

TEST_F(UntilIdle, EndsWhereOnlyAPersonCanLetSomethingGoAndSaysSo) {
  const std::string topic = create("", 2);
  emit(topic, "fail");
  emit(topic, "behind");
  for (int i = 0; i < 5; ++i) emit(topic, "fine", 1);
  const Service service = serve({{.more = "topics: [" + topic + "]"}}, {}, {"--until-idle", "1s"});
  const Finished finished = service.process->finish();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.output, "in fine\nin fine\nin fine\nin fine\nin fine\n");
  EXPECT_THAT(finished.errors, HasSubstr("it had nothing more to do, but 1 message held for a person, not handled"));
}

}  // namespace
}  // namespace dispytch::testing
