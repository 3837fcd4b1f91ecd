// SIGTERM while a handler runs: the handler finishes and its message is settled; one that outlives the drain is left to the next start.
#include "faults/fault_test.hpp"

#include <signal.h>

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SigtermInAHandler : public FaultTest {
 protected:
  SigtermInAHandler() {
    put({{.key = "a", .number = 0}, {.key = "a", .number = 1, .what = "wait"}, {.key = "a", .number = 2}, {.key = "a", .number = 3}});
  }
};

TEST_F(SigtermInAHandler, LetsItFinishSettlesAndLosesNothing) {
  const auto first = service({});
  first->await_output("begin a 1");
  first->signal(SIGTERM);
  first->await_output("stopping");
  go();
  const Finished ended = first->finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_THAT(lines_of(ended.output, "end "), ElementsAre("a 0", "a 1"));
  EXPECT_THAT(lines_of(ended.errors).back(), HasSubstr("service ended"));
  EXPECT_EQ(committed(), 2);

  const auto second = service({});
  second->await_output("end a 3");
  EXPECT_THAT(lines_of(stop(*second).output, "end "), ElementsAre("a 2", "a 3")) << "nothing is lost, and nothing comes twice";
}

TEST_F(SigtermInAHandler, ThatOutlivesTheDrainEndsTheProcessWithThree) {
  const auto first = service({.listener = "drain: 500ms"});
  first->await_output("begin a 1");
  const Finished ended = stop(*first);
  EXPECT_EQ(ended.exit_code, 3) << ended.errors;
  EXPECT_THAT(lines_of(ended.output, "end "), ElementsAre("a 0"));
  EXPECT_THAT(lines_of(ended.errors).back(), AllOf(HasSubstr("listener board"), HasSubstr("still ran"), HasSubstr("delivered again")));

  go();
  const auto second = service({});
  second->await_output("end a 3");
  EXPECT_THAT(lines_of(stop(*second).output, "end "), ElementsAre("a 1", "a 2", "a 3")) << "only the unfinished one comes twice";
}

}  // namespace
}  // namespace dispytch::faults
