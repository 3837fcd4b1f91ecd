// A slow handler on the thread that polls: its listener stays a member of its group. With real threads and the machine's patience.
#include <future>
#include <thread>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

// Runs the rig's engine as a listener does, on a thread of its own, until finish().
class Running {
 public:
  explicit Running(Rig& rig)
      : engine_{rig.engine()}, thread_{[this](const std::stop_token& stop) { result_.set_value(engine_.run(stop)); }} {}
  Result<void> finish() {
    thread_.request_stop();
    return result_.get_future().get();
  }
  /// Until it ends by itself.
  Result<void> wait() {
    auto result = result_.get_future();
    if (result.wait_for(20s) == std::future_status::ready) return result.get();
    ADD_FAILURE() << "it goes on";
    thread_.request_stop();
    return result.get();
  }

 private:
  Engine& engine_;
  std::promise<Result<void>> result_;
  std::jthread thread_;
};

TEST(KeeperOfASlowHandler, PollsOnWithoutCredit) {
  Rig* rig_itself = nullptr;
  std::vector<plugin::Limits> meanwhile;
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "slow") {
      testing::PartitionedBroker& broker = rig_itself->broker;
      const std::size_t before = broker.polls().size();
      EXPECT_TRUE(broker.await_polls(before + 5)) << "nobody polls";
      meanwhile = broker.polls();
      meanwhile.erase(meanwhile.begin(), meanwhile.begin() + static_cast<std::ptrdiff_t>(before));
    }
    handled.push_back(order.id);
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  for (const char* id : {"slow", "behind"}) rig.broker.append(0, order(id));
  rig.broker.append(1, order("elsewhere"));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 2));
  ASSERT_TRUE(rig.broker.await_committed(1, 1));
  EXPECT_TRUE(running.finish());
  EXPECT_THAT(meanwhile, Each(Field(&plugin::Limits::max_messages, 0)));
  EXPECT_THAT(handled, ElementsAre("slow", "behind", "elsewhere"));
  EXPECT_EQ(rig.broker.overlapping_polls(), 0) << "there is one owner of poll at a time";
}

TEST(KeeperOfASlowHandler, WatchesItsNextAttemptsToo) {
  Rig* rig_itself = nullptr;
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    if (++calls == 1) return retry_after(0ms);
    EXPECT_TRUE(rig_itself->broker.await_polls(rig_itself->broker.polls().size() + 3)) << "nobody polls";
    return done();
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("slow"));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 1));
  EXPECT_TRUE(running.finish());
  EXPECT_EQ(calls, 2);
}

TEST(KeeperOfASlowHandler, WatchesBatches) {
  Rig* rig_itself = nullptr;
  std::size_t size = 0;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        size = orders.size();
        EXPECT_TRUE(rig_itself->broker.await_polls(rig_itself->broker.polls().size() + 3)) << "nobody polls";
      },
      {.max = 10, .wait = 0ms});
  Rig rig{std::move(group)};
  rig_itself = &rig;
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 2));
  EXPECT_TRUE(running.finish());
  EXPECT_EQ(size, 2);
  EXPECT_EQ(rig.broker.overlapping_polls(), 0);
}

TEST(KeeperOfASlowHandler, HandsBackForTheNextOneAndTakesOverAgain) {
  Rig* rig_itself = nullptr;
  std::thread::id first;
  std::size_t on_another_thread = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    if (first == std::thread::id{}) first = std::this_thread::get_id();
    if (std::this_thread::get_id() != first) ++on_another_thread;
    EXPECT_TRUE(rig_itself->broker.await_polls(rig_itself->broker.polls().size() + 2));
  });
  Rig rig{std::move(group), {.batch_messages = 2}};
  rig_itself = &rig;
  for (int i = 0; i < 5; ++i) rig.broker.append(0, order("slow"));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 5));
  EXPECT_TRUE(running.finish());
  EXPECT_EQ(on_another_thread, 0) << "handlers stay on their thread";
  EXPECT_EQ(rig.broker.overlapping_polls(), 0);
}

TEST(KeeperOfASlowHandler, SettlesWhatOthersFinishMeanwhile) {
  Rig* rig_itself = nullptr;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    if (order.id == "later") {
      pending.push_back(std::move(completion));
      return;
    }
    std::jthread{[&] { pending[0](); }}.join();
    EXPECT_TRUE(rig_itself->broker.await_committed(0, 1)) << "it isn't settled before the slow one is done";
    completion();
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("later"));
  rig.broker.append(1, order("slow"));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(1, 1));
  EXPECT_TRUE(running.finish());
}

TEST(KeeperOfASlowHandler, AnswersARevocationOnceTheHandlerIsBack) {
  Rig* rig_itself = nullptr;
  std::vector<std::string> begun;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    begun.push_back(order.id);
    testing::PartitionedBroker& broker = rig_itself->broker;
    broker.revoke({0});
    EXPECT_TRUE(broker.await_polls(broker.polls().size() + 5));
    EXPECT_THAT(broker.calls(), ElementsAre("assigned 0,1"));
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  for (const char* id : {"slow", "behind"}) rig.broker.append(0, order(id));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 1));
  EXPECT_TRUE(running.finish());
  EXPECT_THAT(begun, ElementsAre("slow")) << "the rest of its batch is the next owner's";
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "revoked 0", "sync", "close"));
}

TEST(KeeperOfASlowHandler, FencesTheHandlerWhosePartitionIsLost) {
  Rig* rig_itself = nullptr;
  std::vector<std::string> begun;
  HandlerGroup group;
  group.on<Order>([&](const Order& handled) {
    begun.push_back(handled.id);
    if (handled.id != "slow") return;
    testing::PartitionedBroker& broker = rig_itself->broker;
    broker.lose({0});
    EXPECT_TRUE(broker.await_polls(broker.polls().size() + 5));
    broker.append(1, order("elsewhere"));
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  for (const char* id : {"slow", "behind"}) rig.broker.append(0, order(id));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(1, 1));
  EXPECT_TRUE(running.finish());
  EXPECT_THAT(begun, ElementsAre("slow", "elsewhere"));
  EXPECT_EQ(rig.counters().fenced, 1);
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(KeeperOfASlowHandler, HasWhatIsDoneMadeDurableOnceTheEndIsAskedFor) {
  Rig* rig_itself = nullptr;
  std::stop_source stop;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id != "slow") return;
    stop.request_stop();
    testing::PartitionedBroker& broker = rig_itself->broker;
    for (int i = 0; i < 1000 && broker.calls().back() != "sync"; ++i) EXPECT_TRUE(broker.await_polls(broker.polls().size() + 1));
    EXPECT_THAT(broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync")) << "it hangs on how the slow one ends";
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  for (const char* id : {"quick", "slow", "behind"}) rig.broker.append(0, order(id));
  EXPECT_TRUE(rig.engine().run(stop.get_token()));
  EXPECT_EQ(rig.broker.committed(0), 2);
}

TEST(KeeperOfASlowHandler, LeavesAnErrorForTheThreadThatStepsToEndTheListenerWith) {
  Rig* rig_itself = nullptr;
  std::vector<std::string> begun;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    begun.push_back(order.id);
    testing::PartitionedBroker& broker = rig_itself->broker;
    const std::size_t before = broker.polls().size();
    broker.fail_poll({.code = DISPYTCH_EAUTH, .text = "the group is not for you any more", .fatal = true});
    EXPECT_TRUE(broker.await_polls(before + 1));
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("slow"));
  Running running{rig};
  const Result<void> ended = running.wait();  // by itself: the broker tells of it once
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::auth);
  EXPECT_EQ(ended.error().text, "the group is not for you any more");
  EXPECT_EQ(rig.broker.committed(0), 1) << "what was handled is settled first";
}

TEST(KeeperOfASlowHandler, WaitsOutAnErrorThatPasses) {
  Rig* rig_itself = nullptr;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    testing::PartitionedBroker& broker = rig_itself->broker;
    const std::size_t before = broker.polls().size();
    broker.fail_poll({.code = DISPYTCH_EUNAVAILABLE, .text = "no broker", .retriable = true});
    EXPECT_TRUE(broker.await_polls(before + 3));
  });
  Rig rig{std::move(group)};
  rig_itself = &rig;
  rig.broker.append(0, order("slow"));
  Running running{rig};
  ASSERT_TRUE(rig.broker.await_committed(0, 1));
  EXPECT_TRUE(running.finish());
}

}  // namespace
}  // namespace dispytch::listen
