// Partitions that are taken away: what is let go, what is awaited, what comes too late.
#include "unit/listen/slow.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Revocation, LetsGoAtOnceOfWhatHasNotBegun) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  Rig rig{std::move(group), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("b"));
  rig.broker.append(1, order("c"));
  rig.settle();  // a and c are with the worker, b is queued
  rig.broker.revoke({0, 1});
  rig.settle();
  rig.settle_with_workers();
  EXPECT_THAT(handled, IsEmpty()) << "what a worker has and hasn't begun is not begun either";
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0,1"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Revocation, LetsGoOfWhatWaitsForItsNextAttempt) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    ++calls;
    throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 0);
  EXPECT_EQ(rig.counters().waiting, 0);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0"));
  rig.advance(1h);
  EXPECT_EQ(calls, 1) << "its retries are cancelled";
}

TEST(Revocation, LetsGoOfWhatIsHeldWhichTheNextOwnerTriesAgain) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        if (++calls == 1) throw Busy{"for this member"};
      },
      {.policy = {.retry = {.attempts = 1}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  ASSERT_EQ(rig.counters().held, 1);
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_EQ(rig.counters().held, 0);
  rig.broker.assign({0});
  rig.settle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Revocation, AwaitsWhatRunsThenSettlesSyncsAndConfirms) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1")) << "nothing is confirmed while a handler runs";
  slow.finish("a");
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "revoked 0"));
  EXPECT_THAT(slow.begun, ElementsAre("a"));
}

TEST(Revocation, LeavesTheOtherPartitionsAtWork) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  slow.finish("b");
  rig.settle();
  EXPECT_EQ(rig.broker.committed(1), 1) << "while the other partition's handler is awaited";
  rig.broker.append(1, order("c"));
  rig.settle();
  EXPECT_THAT(slow.begun, ElementsAre("a", "b", "c"));
}

TEST(Revocation, PollsWhileItAwaits) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  const std::size_t before = rig.broker.polls().size();
  rig.settle();
  EXPECT_GT(rig.broker.polls().size(), before);
}

TEST(Revocation, WaitsNoLongerThanItsTimeoutAndFencesWhatEndsLater) {
  Slow slow;
  Rig rig{slow.group(), {.delivery = {.revoke_timeout = 10s}}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  rig.advance(10s - 1ms);
  EXPECT_THAT(rig.broker.calls(), Not(Contains("revoked 0")));
  EXPECT_THAT(logged([&] { rig.advance(1ms); }),
              HasSubstr("1 messages were still being handled when their partitions had to be given up; they will be handled twice"));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0"));
  slow.finish("a");
  rig.settle();
  EXPECT_EQ(rig.counters().fenced, 1);
  EXPECT_EQ(rig.counters().handled, 0);
  EXPECT_EQ(rig.broker.committed(0), 0) << "its settling is refused here, before any broker is asked";
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Revocation, WaitsForHalfOfTheBrokersOwnDeadlineAtMost) {
  Slow slow;
  Rig rig{slow.group(), {.delivery = {.revoke_timeout = 10s}}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0}, 4s);
  rig.settle();
  rig.advance(2s - 1ms);
  EXPECT_THAT(rig.broker.calls(), Not(Contains("revoked 0")));
  rig.advance(1ms);
  EXPECT_THAT(rig.broker.calls(), Contains("revoked 0"));
  slow.finish("a");
}

TEST(Revocation, SaysWhenTheBrokerDidNotTakeWhatWasSettled) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) { handled.push_back(order.id); });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.fail_sync(plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "the coordinator is away"});
  rig.broker.revoke({0});
  EXPECT_THAT(logged([&] { rig.settle(); }),
              HasSubstr("the broker didn't take all of what was settled before a revocation; some messages will be handled twice: the "
                        "coordinator is away"));
  EXPECT_THAT(rig.broker.calls(), Contains("revoked 0"));
}

TEST(Revocation, AMessageDeliveredAgainWaitsBehindItsOriginalThatStillRuns) {
  Slow slow;
  Rig rig{slow.group(), {.delivery = {.revoke_timeout = 1s}}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  rig.advance(1s);
  rig.broker.assign({0});
  rig.settle();
  EXPECT_THAT(slow.begun, ElementsAre("a")) << "the original still runs";
  slow.finish("a");
  rig.settle();
  EXPECT_THAT(slow.begun, ElementsAre("a", "a"));
  slow.finish("a");
  rig.settle();
  EXPECT_EQ(rig.counters().fenced, 1);
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Revocation, ARunningMessageThatFailsIsLeftToTheNextOwner) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  slow.finish("a", retry_after(1s));
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0"));
  rig.advance(1h);
  EXPECT_THAT(slow.begun, ElementsAre("a"));
}

TEST(Revocation, BetweenTheHandlersOfAMessageSettlesNothingOfIt) {
  std::vector<std::string> begun;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Completion completion) {
    begun.emplace_back("first");
    pending.push_back(std::move(completion));
  });
  group.on<Order>([&](const Order&) { begun.emplace_back("second"); });
  Rig rig{std::move(group), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.work();
  rig.settle();
  pending[0]();
  ASSERT_TRUE(rig.step());  // its second handler is with the worker, who hasn't begun
  ASSERT_EQ(rig.units(), 1);
  rig.broker.revoke({0});
  rig.settle();
  rig.work();
  rig.settle();
  EXPECT_THAT(begun, ElementsAre("first"));
  EXPECT_EQ(rig.broker.committed(0), 0) << "the second handler never saw it";
  rig.broker.assign({0});
  rig.settle_with_workers();
  pending[1]();
  rig.settle_with_workers();
  EXPECT_THAT(begun, ElementsAre("first", "first", "second"));
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Revocation, BeginsNoFurtherHandlerOfAMessageWhoseFirstEndedMeanwhile) {
  std::vector<std::string> begun;
  std::map<std::string, Completion> pending;
  Rig* rig_itself = nullptr;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    begun.push_back("first of " + order.id);
    pending.insert_or_assign(order.id, std::move(completion));
    if (order.id != "b") return;
    // While the worker has this one, the first one of its unit ends, and the partition is taken away.
    pending.at("a")();
    rig_itself->broker.revoke({0});
    rig_itself->settle();
  });
  group.on<Order>([&](const Order& order) { begun.push_back("second of " + order.id); });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}, .workers = 1}};
  rig_itself = &rig;
  rig.broker.append(1, order("warm", "w"));  // the engine learns that messages are cheap, and gives a worker several at a time
  rig.settle_with_workers();
  pending.at("warm")();
  rig.settle_with_workers();
  for (const char* id : {"a", "b", "c", "d"}) rig.broker.append(0, order(id, id));
  rig.settle();
  ASSERT_EQ(rig.units(), 2) << "a and b, then c";
  rig.work();
  rig.settle_with_workers();
  pending.at("b")();
  rig.settle_with_workers();
  EXPECT_THAT(begun, ElementsAre("first of warm", "second of warm", "first of a", "first of b"));
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 1@1", "sync", "revoked 0"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Loss, AwaitsNothingAndSettlesNothing) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.broker.append(1, order("elsewhere"));
  rig.settle();
  rig.broker.lose({0});
  EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("lost: orders[0]: the group went on without this member"));
  slow.finish("a");
  slow.finish("elsewhere");
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 1@1"));
  EXPECT_EQ(rig.counters().fenced, 1);
  EXPECT_THAT(slow.begun, ElementsAre("a", "elsewhere"));
}

TEST(Loss, OfEverythingCancelsRetriesToo) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    ++calls;
    throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  rig.broker.lose_everything();
  rig.settle();
  rig.advance(1h);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rig.engine().unfinished(), 0);
  EXPECT_FALSE(rig.counters().joined);
}

TEST(Loss, InTheMiddleOfARevocationEndsTheWait) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  rig.broker.lose({0});
  rig.settle();
  EXPECT_EQ(rig.engine().next_attempt_due(), std::nullopt) << "nothing is awaited any more";
  slow.finish("a");
  rig.settle();
  EXPECT_EQ(rig.counters().fenced, 1);
}

// Kafka's group waits as long as max.poll.interval.ms, five minutes; nothing is polled while the commit is awaited.
TEST(Revocation, AwaitsItsCommitForSecondsHoweverPatientTheBrokerIs) {
  Slow slow;
  Rig rig{slow.group(), {.delivery = {.revoke_timeout = 2s}}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0}, 300s);
  rig.settle();
  slow.finish("a");
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), Contains("revoked 0"));
  EXPECT_GT(rig.broker.last_sync(), 1s);
  EXPECT_LE(rig.broker.last_sync(), 7s);
}

}  // namespace
}  // namespace dispytch::listen
