// How far a listener says that it is behind.
#include <cstdint>

#include "listen/lag.hpp"

#include "unit/listen/rig.hpp"

namespace dispytch::listen {

static bool operator==(const Lag& one, const Lag& other) {
  return one.topic == other.topic && one.partition == other.partition && one.messages == other.messages &&
         one.oldest_age == other.oldest_age;
}
static void PrintTo(const Lag& lag, std::ostream* out) {
  *out << lag.topic << "[" << lag.partition << "]: " << lag.messages << ", oldest "
       << (lag.oldest_age ? std::to_string(lag.oldest_age->count()) : "unknown");
}

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

HandlerGroup waiting(std::vector<Completion>& open) {
  HandlerGroup group;
  group.on<Order>([&](const Order&, Completion completion) { open.push_back(std::move(completion)); });
  return group;
}

testing::Logged at(std::int64_t time_ms) {
  testing::Logged message = order("a");
  message.time_ms = time_ms;
  return message;
}

class Lagging : public ::testing::Test {
 protected:
  std::int64_t now_ms() const { return rig.clock.unix_ms(); }
  std::vector<Completion> open;
  Rig rig{waiting(open)};
};

TEST_F(Lagging, IsThatOfEachPartitionAndCountsFromWhereTheListenerBegan) {
  rig.settle();
  EXPECT_THAT(rig.engine().lag(), ElementsAre(Lag{"orders", 0, 0, 0ms}, Lag{"orders", 1, 0, 0ms}));
  for (int i = 0; i < 3; ++i) rig.broker.append(1, at(now_ms() - 2000));
  rig.settle();
  EXPECT_THAT(rig.engine().lag(), ElementsAre(Lag{"orders", 0, 0, 0ms}, Lag{"orders", 1, 3, 2000ms}));
}

TEST_F(Lagging, FallsAsSoonAsAMessageIsSettled) {
  rig.settle();
  rig.broker.append(0, at(now_ms() - 5000));
  rig.broker.append(0, at(now_ms() - 1000));
  rig.settle();
  rig.advance(1s);
  EXPECT_THAT(rig.engine().lag()[0], (Lag{"orders", 0, 2, 6000ms}));
  open.at(0)(done());
  rig.settle();
  EXPECT_THAT(rig.engine().lag()[0], (Lag{"orders", 0, 1, 2000ms}));
  open.at(1)(done());
  rig.settle();
  EXPECT_THAT(rig.engine().lag()[0], (Lag{"orders", 0, 0, 0ms}));
}

TEST_F(Lagging, SaysNoAgeThatItDoesNotKnow) {
  rig.settle();
  rig.broker.append(0, order("without a time"));
  rig.broker.append(0, at(now_ms()));
  rig.broker.append(1, at(now_ms() + 60'000));
  rig.settle();
  EXPECT_THAT(rig.engine().lag(), ElementsAre(Lag{"orders", 0, 2, {}}, Lag{"orders", 1, 1, 0ms})) << "nor one below 0";
}

TEST_F(Lagging, IsNoneWhereThePluginSaysNone) {
  rig.settle();
  rig.broker.hide_lag();
  EXPECT_THAT(rig.engine().lag(), IsEmpty());
}

TEST_F(Lagging, IsNoneOfAPartitionThatWasGivenUp) {
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.engine().lag(), ElementsAre(Lag{"orders", 1, 0, 0ms}));
}

// ---- idle ----

TEST(BeingIdle, IsHavingNothingToDoAndKnowingOnesPart) {
  std::vector<Completion> open;
  Rig rig{waiting(open), {.partitions = {}}};
  rig.clock.advance(1s);
  rig.settle();
  EXPECT_EQ(rig.counters().idle_since_ns, 0) << "the group has said nothing yet";
  rig.broker.assign({});
  rig.settle();
  EXPECT_NE(rig.counters().idle_since_ns, 0) << "it has joined, and there is nothing for it";
  EXPECT_TRUE(rig.counters().joined);
  rig.broker.assign({0});
  rig.settle();
  EXPECT_NE(rig.counters().idle_since_ns, 0);
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.counters().idle_since_ns, 0) << "its handler isn't done";
  open.at(0)(done());
  rig.settle();
  EXPECT_NE(rig.counters().idle_since_ns, 0);
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_EQ(rig.counters().idle_since_ns, 0) << "what comes next is the group's to say";
  EXPECT_TRUE(rig.counters().joined) << "but it is no less ready";
  rig.broker.assign({});
  rig.settle();
  EXPECT_NE(rig.counters().idle_since_ns, 0);
}

TEST(BeingIdle, IsHavingMessagesThatOnlyAPersonCanLetGo) {
  HandlerGroup group;
  int calls = 0;
  group.on<Order>(
      [&](const Order& order) {
        ++calls;
        if (order.id == "bad") throw Busy{"for ever"};
      },
      {.policy = {.retry = {.attempts = 2}}});
  Rig rig{std::move(group)};
  rig.clock.advance(1s);
  rig.broker.append(0, order("bad"));
  rig.broker.append(0, order("behind"));
  (void)logged([&] { rig.settle(); });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rig.counters().idle_since_ns, 0) << "it is tried again";
  (void)logged([&] { rig.settle_all(); });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_NE(rig.counters().idle_since_ns, 0);
  rig.broker.append(1, order("elsewhere"));
  rig.settle();
  EXPECT_EQ(calls, 3) << "the others go on";
  ASSERT_TRUE(rig.engine().skip("orders", 0, 0, "the test"));
  rig.settle();
  EXPECT_EQ(calls, 4);
  EXPECT_NE(rig.counters().idle_since_ns, 0);
}

}  // namespace
}  // namespace dispytch::listen
