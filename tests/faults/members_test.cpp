// Members of a group that die, come and go while there is much to handle.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "faults/scene.hpp"

namespace dispytch::faults {
namespace {

class Members : public ::testing::Test {
 protected:
  void expect_all_well() {
    const Verdict verdict = scene.finish();
    EXPECT_TRUE(verdict.clean()) << verdict.text();
    EXPECT_EQ(verdict.confirmed, verdict.emitted) << verdict.text();
    EXPECT_EQ(verdict.handled, verdict.emitted) << verdict.text();
    RecordProperty("verdict", verdict.text());
  }
  /// A member may be told to leave before it has joined: it says so, and had nothing in hand.
  bool interrupted_start(const std::string& run) {
    return scene.log(run).find("interrupted before the start was complete; nothing was in hand") != std::string::npos;
  }
  std::size_t handled_by(const std::string& run) {
    return static_cast<std::size_t>(std::ranges::count(scene.look().handled, run, &Handled::run));
  }

  Cluster cluster;
  Scene scene{cluster, {.emitter = "timeout: 60s, ", .listener = "ordering: key, concurrency: 4, "}};
};

TEST_F(Members, OneThatIsKilledInMidBatchLosesNothing) {
  scene.start_feed({.limit = 12'000, .rate = 0});
  scene.await_confirmed(12'000);
  const std::string victim = scene.start_board({.work = 5000}, false);
  scene.start_board({.work = 5000});
  scene.start_board({.work = 5000});
  await("the victim is in the middle of it", [&] { return handled_by(victim) >= 500; });
  scene.kill(victim);
  EXPECT_LT(scene.handled(), scene.confirmed()) << "it was killed after everything was handled";
  scene.take_marks();
  scene.start_board({.work = 5000}, false);
  scene.take_marks();
  expect_all_well();
  EXPECT_FALSE(scene.look().marks.empty());
}

TEST_F(Members, ThatJoinAndLeaveAtRandomLoseNothing) {
  std::mt19937 lots{7};  // which of them, and when, in numbers of events
  scene.start_feed({.rate = 500, .aircraft = 100});
  for (int i = 0; i < 3; ++i) scene.start_board({.work = 1000, .failing = 20}, i == 0);
  for (int i = 0; i < 8; ++i) {
    scene.await_handled(scene.handled() + lots() % 300);
    const std::vector<std::string> boards = scene.boards();
    if (boards.size() == 3 || (boards.size() > 1 && lots() % 2 == 0)) {
      const std::string leaver = boards[lots() % boards.size()];
      const int code = scene.stop(leaver);
      EXPECT_TRUE(code == 0 || interrupted_start(leaver)) << "exit code " << code << "\n" << scene.log(leaver);
    } else {
      scene.start_board({.work = 1000, .failing = 20}, lots() % 2 == 0);
    }
    scene.take_marks();
  }
  expect_all_well();
}

}  // namespace
}  // namespace dispytch::faults
