// Brokers that go, stand still, come back, or run out of disk, under a feed and a group of handlers.
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "faults/scene.hpp"

namespace dispytch::faults {
namespace {

class Brokers : public ::testing::Test {
 protected:
  // Each fault is met in the middle of things: events are being emitted and handled before it, during it and after it.
  void start() {
    for (int i = 0; i < 2; ++i) scene.start_board();
    scene.start_feed();
    scene.await_handled(500);
  }
  void go_on() {
    scene.await_confirmed(scene.confirmed() + 300);
    scene.await_handled(scene.handled() + 300);
    scene.take_marks();
  }
  void expect_all_well() {
    const Verdict verdict = scene.finish();
    EXPECT_TRUE(verdict.clean()) << verdict.text();
    EXPECT_GT(verdict.handled, 1000u);
    EXPECT_EQ(verdict.confirmed, verdict.emitted) << verdict.text();
    RecordProperty("verdict", verdict.text());
  }

  Cluster cluster;
  Scene scene{cluster, {.emitter = "timeout: 60s, ", .listener = "ordering: key, concurrency: 4, "}};
};

TEST_F(Brokers, ALeaderChangeLosesNothing) {
  start();
  const int leader = cluster.leader(scene.topic(), 0);
  cluster.end(leader);  // in order: the others lead before it is gone
  cluster.await_leader_other_than(leader, scene.topic(), 0);
  go_on();
  cluster.restart(leader);
  await("leaders go back to where they belong", [&] { return cluster.leader(scene.topic(), 0) == leader; });
  go_on();
  expect_all_well();
}

// The one that leads partitions and keeps the group's positions as well.
TEST_F(Brokers, OneThatIsKilledAndRestartedLosesNothing) {
  start();
  const int coordinator = cluster.coordinator(scene.group());
  cluster.kill(coordinator);
  go_on();
  cluster.restart(coordinator);
  cluster.mend();
  go_on();
  expect_all_well();
}

TEST_F(Brokers, OneThatStandsStillForTenSecondsLosesNothing) {
  start();
  const int leader = cluster.leader(scene.topic(), 0);
  cluster.freeze(leader);
  std::this_thread::sleep_for(std::chrono::seconds{10});  // the fault itself; nothing is waited for
  cluster.thaw(leader);
  go_on();
  cluster.mend();
  go_on();
  expect_all_well();
}

TEST_F(Brokers, OneWhoseDiskIsFullLosesNothing) {
  start();
  const int leader = cluster.leader(scene.topic(), 0);
  cluster.fill_disk(leader);
  cluster.await_death(leader);  // a broker that can't write ends
  go_on();
  cluster.restart(leader);
  cluster.mend();
  go_on();
  expect_all_well();
}

}  // namespace
}  // namespace dispytch::faults
