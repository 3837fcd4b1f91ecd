// What goes to workers together, and comes back without having been begun.
#include <latch>
#include <thread>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr auto kLongEnough = 1s;  // for a unit to be overdue

RigOptions two_workers() { return {.delivery = {.ordering = Ordering::key}, .workers = 2}; }

// Has the engine find out that its messages cost next to nothing, so that several lanes go into one unit.
void warm_up(Rig& rig) {
  rig.broker.append(0, order("warm", "warm"));
  rig.settle_with_workers();
}

TEST(WorkUnits, OfSeveralLanesAreNotHeldUpByOneSlowHandler) {
  std::latch begun{1};
  std::latch go_on{1};
  std::vector<std::string> handled;  // by one thread at a time: the worker waits while this one works
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "slow") {
      begun.count_down();
      go_on.wait();
    }
    handled.push_back(order.id);
  });
  Rig rig{std::move(group), two_workers()};
  warm_up(rig);
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id, id));
  for (const char* id : {"slow", "behind"}) rig.broker.append(0, order(id, "stuck"));
  for (int i = 0; i < 13; ++i) rig.broker.append(0, order("c", "c" + std::to_string(i)));  // 16 lanes: 4 go into the first unit
  rig.settle();
  handled.clear();

  std::jthread worker{[&rig] { rig.work(); }};
  begun.wait();
  EXPECT_THAT(handled, ElementsAre("a", "b"));
  EXPECT_EQ(rig.broker.committed(0), 1) << "none of it is back";
  rig.clock.advance(kLongEnough);
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 3) << "a and b are over, and settled";
  rig.settle_with_workers();
  EXPECT_EQ(handled.size(), 15) << "all but the stuck lane";
  EXPECT_EQ(rig.engine().unfinished(), 2);

  go_on.count_down();
  worker.join();
  rig.settle_with_workers();
  EXPECT_THAT(std::vector<std::string>(handled.end() - 2, handled.end()), ElementsAre("slow", "behind"));
  EXPECT_EQ(rig.broker.committed(0), 18);
  EXPECT_EQ(rig.counters().handled, 18);
}

TEST(WorkUnits, ThatNobodyBeganInTimeAreHandedOutAgainAndHandledOnce) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  Rig rig{std::move(group), two_workers()};
  warm_up(rig);
  handled.clear();
  for (int i = 0; i < 8; ++i) rig.broker.append(0, order(std::to_string(i), "k" + std::to_string(i % 4)));
  rig.settle();
  rig.advance(kLongEnough);
  rig.settle_with_workers();
  EXPECT_EQ(handled.size(), 8);
  EXPECT_EQ(rig.broker.committed(0), 9);
}

TEST(WorkUnits, ThatNobodyBeganAreLetGoByTheEndAtOnce) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  Rig rig{std::move(group), two_workers()};
  for (int i = 0; i < 8; ++i) rig.broker.append(0, order(std::to_string(i), "k" + std::to_string(i)));
  rig.settle();
  EXPECT_GT(rig.units(), 0);
  rig.engine().begin_drain();
  EXPECT_TRUE(rig.engine().drain_step(0ms)) << "nothing runs";
  while (rig.units() > 0) rig.work();
  EXPECT_TRUE(rig.engine().end_drain());
  EXPECT_TRUE(handled.empty());
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(WorkUnits, WhoseHandlerFailedBeforeASlowOneAreTriedAgainMeanwhile) {
  std::latch begun{1};
  std::latch go_on{1};
  std::vector<std::string> handled;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "slow") {
      begun.count_down();
      go_on.wait();
    }
    if (order.id == "fails" && failures-- > 0) throw Busy{"at first"};
    handled.push_back(order.id);
  });
  Rig rig{std::move(group), two_workers()};
  warm_up(rig);
  handled.clear();
  rig.broker.append(0, order("fails", "f"));
  rig.broker.append(0, order("behind", "f"));
  rig.broker.append(0, order("slow", "s"));
  for (int i = 0; i < 14; ++i) rig.broker.append(0, order("c", "c" + std::to_string(i)));
  rig.settle();
  std::jthread worker{[&rig] { rig.work(); }};
  begun.wait();
  rig.clock.advance(kLongEnough);
  rig.settle();
  for (int i = 0; i < 3; ++i) {
    rig.clock.advance(kLongEnough);
    rig.settle_with_workers();
  }
  EXPECT_THAT(handled, ::testing::IsSupersetOf({"fails", "behind"}));
  EXPECT_LT(std::ranges::find(handled, "fails"), std::ranges::find(handled, "behind"));
  EXPECT_EQ(rig.engine().unfinished(), 1);
  go_on.count_down();
  worker.join();
  rig.settle_with_workers();
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

}  // namespace
}  // namespace dispytch::listen
