// What a network does between an application and its brokers: every connection of both sides leads through the proxy.
#include <chrono>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "faults/scene.hpp"
#include "support/proxy.hpp"

namespace dispytch::faults {
namespace {

class Network : public ::testing::Test {
 protected:
  void expect_all_well() {
    const Verdict verdict = scene.finish();
    EXPECT_TRUE(verdict.clean()) << verdict.text();
    EXPECT_EQ(verdict.confirmed, verdict.emitted) << verdict.text();
    EXPECT_EQ(verdict.handled, verdict.emitted) << verdict.text();
    RecordProperty("verdict", verdict.text());
  }
  std::size_t tried() { return scene.look().emitted.size(); }
  std::size_t stored() {
    const std::vector<std::int64_t> ends = cluster.ends(scene.topic(), scene.partitions());
    return static_cast<std::size_t>(std::accumulate(ends.begin(), ends.end(), std::int64_t{0}));
  }

  Cluster cluster;
  Proxy proxy{cluster.routes()};
  Scene scene{cluster,
              {.proxied = true,
               .backend = "reconnect.backoff.max.ms: 500ms, ",
               .emitter = "timeout: 60s, ",
               .listener = "ordering: key, concurrency: 4, "}};
};

TEST_F(Network, ThatCutsConnectionsLosesNothing) {
  for (int i = 0; i < 2; ++i) scene.start_board();
  scene.start_feed();
  for (int i = 0; i < 8; ++i) {
    scene.await_handled(scene.handled() + 200);
    EXPECT_GT(proxy.cut(), 0u);
  }
  scene.take_marks();
  expect_all_well();
}

// What is handled meanwhile can't be committed, and a new member waits to take partitions over as soon as it can.
TEST_F(Network, ThatCutsTheCoordinatorOffLosesNothing) {
  scene.start_board();
  scene.start_feed();
  scene.await_handled(500);
  for (int i = 0; i < 3; ++i) {
    proxy.set({.refuse = true}, cluster.coordinator(scene.group()) - 1);
    const std::string newcomer = scene.start_board({}, false);
    std::this_thread::sleep_for(std::chrono::seconds{5});  // the fault itself: half of the group's patience
    proxy.set({});
    scene.await_log(newcomer, "assigned: ");
    scene.await_handled(scene.handled() + 200);
  }
  scene.take_marks();
  expect_all_well();
}

TEST_F(Network, ThatDisconnectsDuringProduceLosesNothing) {
  const std::string feed = scene.start_feed({.limit = 20'000, .rate = 4'000});
  for (int i = 0; i < 5; ++i) {
    scene.await_confirmed(scene.confirmed() + 500);
    proxy.set({.hold = true});  // requests are on their way now
    const std::size_t confirmed = scene.confirmed(), before = tried();
    await("events are under way", [&] { return tried() > before; });
    EXPECT_GT(tried(), confirmed);
    EXPECT_GT(proxy.cut(), 0u);
    proxy.set({});
  }
  EXPECT_EQ(scene.await_end(feed), 0);
  scene.start_board({.work = 0});
  expect_all_well();
}

// The broker has them and says so, but nobody hears it; what is sent again must not be stored again.
TEST_F(Network, ThatLosesAcksDoublesNothing) {
  const std::string feed = scene.start_feed({.limit = 10'000, .rate = 2'000});
  for (int i = 0; i < 3; ++i) {
    scene.await_confirmed(scene.confirmed() + 500);
    const std::uint64_t before = proxy.dropped();
    proxy.set({.drop_answers = true});
    await("the broker has more than it could say", [&] { return proxy.dropped() > before && stored() > scene.confirmed(); });
    proxy.set({});
  }
  EXPECT_EQ(scene.await_end(feed), 0);
  EXPECT_EQ(stored(), 10'000u);
  scene.start_board({.work = 0});
  expect_all_well();
}

}  // namespace
}  // namespace dispytch::faults
