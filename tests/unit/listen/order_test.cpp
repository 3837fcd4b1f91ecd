// Which messages wait for which, on the polling thread and on workers that end in any order.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// What was handled of each lane as a test names it, in order; and how many messages of a lane were in hand at a time.
using Histories = std::map<std::string, std::vector<std::string>>;

std::string lane_of(const Event<Order>& event, Ordering ordering) {
  switch (ordering) {
    case Ordering::partition: return std::to_string(event.partition);
    case Ordering::key:
    case Ordering::key_local: return std::to_string(event.partition) + "/" + event.key.value_or("none");
    case Ordering::none: break;
  }
  return "all";
}

// 3 partitions, 4 keys and some messages without one; every fifth fails at first.
struct Feed {
  Histories sent = {};
  Histories handled = {};
  std::map<std::string, int> failures = {};

  HandlerGroup group(Ordering ordering) {
    HandlerGroup made;
    made.on<Order>([this, ordering](const Event<Order>& event) {
      if (failures[event.body.id]-- > 0) throw Busy{"at first"};
      handled[lane_of(event, ordering)].push_back(event.body.id);
    });
    return made;
  }
  void send(Rig& rig, Ordering ordering) {
    for (int i = 0; i < 240; ++i) {
      Event<Order> event{.key = "k" + std::to_string(i % 4), .partition = i % 3, .body = {std::to_string(i)}};
      if (i % 7 == 0 && ordering != Ordering::key && ordering != Ordering::key_local) event.key.reset();
      rig.broker.append(event.partition, order(event.body.id, event.key));
      sent[lane_of(event, ordering)].push_back(event.body.id);
      if (i % 5 == 0) failures[event.body.id] = 1 + i % 2;
    }
  }
};

RigOptions options(Ordering ordering, std::size_t workers) {
  return {.delivery = {.ordering = ordering}, .workers = workers, .batch_messages = 32, .partitions = {0, 1, 2}};
}

class OrderOf : public ::testing::TestWithParam<Ordering> {};

TEST_P(OrderOf, LanesIsKeptOnThePollingThreadThoughSomeMessagesAreTriedAgain) {
  Feed feed;
  Rig rig{feed.group(GetParam()), options(GetParam(), 0)};
  feed.send(rig, GetParam());
  rig.settle_all();
  EXPECT_EQ(feed.handled, feed.sent);
  for (int partition = 0; partition < 3; ++partition) EXPECT_EQ(rig.broker.committed(partition), 80);
}

TEST_P(OrderOf, LanesIsKeptByWorkersWhateverTheOrderInWhichTheyWork) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::minstd_rand dice{seed + 1};
    Feed feed;
    Rig rig{feed.group(GetParam()), options(GetParam(), 4)};
    feed.send(rig, GetParam());
    for (int steps = 0; rig.broker.delivered() < 240 || rig.engine().unfinished() > 0; ++steps) {
      ASSERT_LT(steps, 100'000) << "it never ends";
      ASSERT_TRUE(rig.step());
      if (rig.units() > 0 && dice() % 3 != 0) rig.work(dice() % rig.units());
      if (dice() % 5 == 0) rig.clock.advance(100ms);
    }
    ASSERT_EQ(feed.handled, feed.sent) << "with seed " << seed;
    rig.settle();
    for (int partition = 0; partition < 3; ++partition) ASSERT_EQ(rig.broker.committed(partition), 80);
  }
}

INSTANTIATE_TEST_SUITE_P(, OrderOf, ::testing::Values(Ordering::partition, Ordering::key, Ordering::key_local), [](const auto& parameter) {
  return std::string{parameter.param == Ordering::partition ? "partition" : parameter.param == Ordering::key ? "key" : "key_local"};
});

// Which messages begin while the first of each is not done.
std::vector<std::string> begun_beside_each_other(Ordering ordering, std::size_t workers) {
  std::vector<std::string> begun;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    begun.push_back(order.id);
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group), options(ordering, workers)};
  rig.broker.append(0, order("0a1", "a"));
  rig.broker.append(0, order("0a2", "a"));
  rig.broker.append(0, order("0b1", "b"));
  rig.broker.append(0, order("0-1"));
  rig.broker.append(0, order("0-2"));
  rig.broker.append(0, order("0e1", ""));
  rig.broker.append(0, order("0e2", ""));
  rig.broker.append(1, order("1a1", "a"));
  rig.settle_with_workers();
  for (Completion& completion : std::exchange(pending, {})) completion();
  std::ranges::sort(begun);
  return begun;
}

TEST(Lanes, AreWhatTheOrderingSays) {
  for (const std::size_t workers : {0, 4}) {
    EXPECT_THAT(begun_beside_each_other(Ordering::partition, workers), ElementsAre("0a1", "1a1"));
    for (const Ordering ordering : {Ordering::key, Ordering::key_local}) {
      EXPECT_THAT(begun_beside_each_other(ordering, workers), ElementsAre("0-1", "0-2", "0a1", "0b1", "0e1", "1a1"))
          << "without a key there is no order, an empty one is a key";
    }
    EXPECT_THAT(begun_beside_each_other(Ordering::none, workers), ElementsAre("0-1", "0-2", "0a1", "0a2", "0b1", "0e1", "0e2", "1a1"));
  }
}

TEST(Lanes, AreTheSameForKeysOfTheSameBytesAlone) {
  std::vector<std::string> begun;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    begun.push_back(order.id);
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group), options(Ordering::key, 0)};
  for (int i = 0; i < 500; ++i) rig.broker.append(0, order("lane " + std::to_string(i), std::string(1, '\0') + std::to_string(i)));
  rig.settle();
  EXPECT_EQ(begun.size(), 500) << "however their hashes collide";
  for (Completion& completion : pending) completion();
}

TEST(Lanes, OfKeysThatHaveEndedAreUsedAgain) {
  std::size_t handled = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { ++handled; });
  Rig rig{std::move(group), options(Ordering::key, 0)};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) rig.broker.append(i % 3, order("a", "k" + std::to_string(i)));
    rig.settle();
  }
  EXPECT_EQ(handled, 300);
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Workers, GetNoMoreWorkUnitsThanOneToWorkOnAndOneToGoOnWith) {
  HandlerGroup group;
  group.on<Order>([](const Order&) {});
  Rig rig{std::move(group), options(Ordering::none, 3)};
  for (int i = 0; i < 100; ++i) rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.units(), 6);
  rig.settle_with_workers();
  EXPECT_EQ(rig.counters().handled, 100);
}

// A worker gets messages of several lanes at once. One that takes long was not to be foreseen; the others must not wait for it, neither
// those behind it nor those before it, which are done.
TEST(Workers, GiveBackWhatIsBesideAMessageThatTakesLong) {
  constexpr int kQuick = 19;
  for (const int before : {0, 2, 4}) {  // the slow one is the first, in the middle, or the last of what its worker gets
    Rig* rig_itself = nullptr;
    std::vector<std::string> ended;
    HandlerGroup group;
    group.on<Order>([&](const Order& handled) {
      if (handled.id == "slow") {
        Rig& rig = *rig_itself;
        rig.clock.advance(1s);
        rig.settle_with_workers();  // the owner and the other worker go on while this one is here
        EXPECT_EQ(ended.size(), 1 + kQuick) << "all but those of its own lane";
        EXPECT_EQ(rig.broker.committed(0), 1 + before);
      }
      ended.push_back(handled.id);
    });
    Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}, .workers = 2}};
    rig_itself = &rig;
    rig.broker.append(0, order("first", "k"));
    rig.settle_with_workers();  // by then it is known how little a message costs
    for (int i = 0; i < kQuick; ++i) {
      if (i == before) {
        rig.broker.append(0, order("slow", "slow"));
        rig.broker.append(0, order("behind", "slow"));
      }
      rig.broker.append(0, order("quick", std::to_string(i)));
    }
    rig.settle();
    ASSERT_EQ(rig.units(), 4);
    rig.settle_with_workers();
    EXPECT_EQ(rig.broker.committed(0), 3 + kQuick);
    ASSERT_EQ(ended.size(), 3 + kQuick);
    EXPECT_EQ(ended[1 + kQuick], "slow");
    EXPECT_EQ(ended[2 + kQuick], "behind");
  }
}

TEST(Settling, TellsTheLowWaterMarkAloneThoughLaterMessagesEndFirst) {
  std::map<std::string, Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) { pending.insert_or_assign(order.id, std::move(completion)); });
  Rig rig{std::move(group), options(Ordering::none, 0)};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  pending.at("c")();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  pending.at("a")();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  pending.at("b")();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(Settling, AcknowledgesEachMessageAsItEndsWhereTheBrokerTakesThat) {
  std::map<std::string, Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) { pending.insert_or_assign(order.id, std::move(completion)); });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::none}, .capabilities = DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_GROUPS}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  for (const char* id : {"c", "a", "b"}) {
    pending.at(id)();
    rig.settle();
  }
  EXPECT_THAT(rig.broker.acknowledged(0), ElementsAre(2, 0, 1));
}

}  // namespace
}  // namespace dispytch::listen
