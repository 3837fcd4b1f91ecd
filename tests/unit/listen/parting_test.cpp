// Partitions that are taken away, and the end: what is let go, what is awaited, what comes too late.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Handlers that end when the test wants: what runs on a worker for long, without a thread.
struct Slow {
  std::vector<std::string> begun = {};
  std::map<std::string, Completion> pending = {};

  HandlerGroup group(std::chrono::milliseconds timeout = 0ms) {
    HandlerGroup made;
    made.on<Order>(
        [this](const Order& order, Completion completion) {
          begun.push_back(order.id);
          pending.insert_or_assign(order.id, std::move(completion));
        },
        {.name = "slow", .retry = {.attempts = 3, .backoff = {.initial = 1s, .jitter = 0}}, .timeout = timeout});
    return made;
  }
  void finish(const std::string& id, Outcome outcome = done()) {
    pending.at(id)(std::move(outcome));
    pending.erase(id);
  }
};

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
      {.retry = {.attempts = 1}});
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
  ASSERT_EQ(rig.parcels(), 1);
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
    // While the worker has this one, the first one of its parcel ends, and the partition is taken away.
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
  ASSERT_EQ(rig.parcels(), 2) << "a and b, then c";
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

TEST(Draining, LetsGoAwaitsSettlesSyncsAndCloses) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.settle();
  Engine& engine = rig.engine();
  engine.begin_drain();
  EXPECT_FALSE(engine.drain_step(0ms));
  EXPECT_EQ(rig.broker.polls().back().max_messages, 0) << "polling goes on, without credit";
  slow.finish("a");
  EXPECT_TRUE(engine.drain_step(0ms));
  EXPECT_TRUE(engine.end_drain());
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync", "close"));
  EXPECT_THAT(slow.begun, ElementsAre("a"));
}

TEST(Draining, SaysHowManyHandlersOutlivedItsDeadlineAndClosesNothing) {
  Slow slow;
  Rig rig{slow.group(), {.drain = 5s}};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  Engine& engine = rig.engine();
  engine.begin_drain();
  EXPECT_FALSE(engine.drain_step(0ms));
  rig.clock.advance(5s);
  EXPECT_TRUE(engine.drain_step(0ms));
  const Result<void> ended = engine.end_drain();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::timeout);
  EXPECT_EQ(ended.error().text, "2 messages were still being handled when the time to drain was over; they are delivered again");
  EXPECT_FALSE(engine.draining()) << "more than the broker's part is left";
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync"));
}

TEST(Draining, HasWhatIsDoneMadeDurableWhileItAwaitsTheRest) {
  Slow slow;
  Rig rig{slow.group()};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  slow.finish("a");
  rig.settle();
  rig.engine().begin_drain();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rig.engine().drain_step(0ms));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@1", "sync")) << "should b outlive the drain, a doesn't come twice";
}

TEST(Draining, WaitsForABrokerThatIsAwayNoLongerThanItsDeadline) {
  Slow slow;
  Rig rig{slow.group(), {.drain = 1s}};
  rig.broker.append(0, order("a"));
  rig.settle();
  const auto begin = rig.clock.monotonic();
  rig.engine().begin_drain();
  for (int i = 0; i < 20; ++i) rig.broker.fail_poll({.code = DISPYTCH_EUNAVAILABLE, .text = "no broker", .retriable = true});
  (void)logged([&] {
    while (!rig.engine().drain_step(0ms)) {}
  });
  EXPECT_EQ(rig.clock.monotonic() - begin, 1s);
  EXPECT_FALSE(rig.engine().end_drain());
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

TEST(Settling, ThatTheBrokerMayTakeLaterIsRepeated) {
  HandlerGroup group;
  group.on<Order>([](const Order&) {});
  for (const std::uint64_t acknowledges : {DISPYTCH_CAN_ACK_UP_TO, DISPYTCH_CAN_ACK_EACH}) {
    Rig rig{group, {.capabilities = acknowledges | DISPYTCH_CAN_GROUPS}};
    rig.broker.fail_settling(plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "not now", .retriable = true});
    rig.broker.append(0, order("a"));
    EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("not now; the broker is told again"));
    EXPECT_EQ(rig.engine().unfinished(), 0) << "its handler is done";
    rig.broker.fail_settling(std::nullopt);
    rig.settle();
    if (acknowledges == DISPYTCH_CAN_ACK_UP_TO) {
      EXPECT_EQ(rig.broker.committed(0), 1);
    } else {
      EXPECT_THAT(rig.broker.acknowledged(0), ElementsAre(0));
    }
  }
}

TEST(Draining, ConfirmsARevocationThatComesMeanwhileWithinItsOwnTime) {
  Slow slow;
  Rig rig{slow.group(), {.drain = 5s}};
  rig.broker.append(0, order("a"));
  rig.settle();
  Engine& engine = rig.engine();
  engine.begin_drain();
  rig.broker.revoke({0});
  EXPECT_FALSE(engine.drain_step(0ms));
  slow.finish("a");
  while (!engine.drain_step(0ms)) {}
  EXPECT_TRUE(engine.end_drain());
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Draining, CancelsRetriesAndLetsHeldMessagesGo) {
  HandlerGroup group;
  int calls = 0;
  group.on<Order>(
      [&](const Order& order) {
        ++calls;
        if (order.id == "held") throw std::logic_error{"never"};
        throw Busy{"busy"};
      },
      {.retry = {.only = exceptions<Busy>}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("held"));
  rig.broker.append(1, order("retried"));
  rig.settle();
  EXPECT_TRUE(rig.engine().drain());
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "close"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Draining, CountsWhatWasLeftInItsLastWord) {
  HandlerGroup group;
  group.on<Order>([](const Order& order) {
    if (order.id == "drop") return drop("of no use");
    if (order.id == "bury") return dead_letter("of no use");
    return done();
  });
  Rig rig{std::move(group), {.dead_letters = true, .quiet = false}};
  for (const char* id : {"good", "drop", "bury"}) rig.broker.append(0, order(id));
  const std::string log = logged([&] {
    rig.settle();
    ASSERT_TRUE(rig.engine().drain());
  });
  EXPECT_THAT(log, HasSubstr("stopped: 1 handled, 0 unhandled, 1 dropped, 1 dead-lettered\n"));
}

TEST(Draining, SaysWhatItLeavesUnfinished) {
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order) {
        if (order.id == "held") throw std::logic_error{"never"};
        if (order.id == "retried") throw Busy{"busy"};
      },
      {.retry = {.only = exceptions<Busy>}});
  Rig rig{std::move(group), {.quiet = false}};
  for (const char* id : {"held", "behind", "also"}) rig.broker.append(0, order(id));
  for (const char* id : {"good", "retried"}) rig.broker.append(1, order(id));
  const std::string log = logged([&] {
    rig.settle();
    ASSERT_TRUE(rig.engine().drain());
  });
  EXPECT_THAT(
      log,
      HasSubstr("stopped: 1 handled, 0 unhandled, 0 dropped, 1 retries; 4 messages were left unfinished (1 held, 1 waiting for another "
                "attempt), and are delivered again\n"));
}

// Nothing can be polled any more, but the handler is awaited to the end.
TEST(Draining, AwaitsHandlersAlthoughThePollFails) {
  Slow slow;
  Rig rig{slow.group(), {.drain = 5s}};
  rig.broker.append(0, order("a"));
  rig.settle();
  Engine& engine = rig.engine();
  engine.begin_drain();
  for (int i = 0; i < 10; ++i) {
    rig.broker.fail_poll({.code = DISPYTCH_EINTERNAL, .text = "out of order", .fatal = true});
    EXPECT_FALSE(engine.drain_step(0ms));
  }
  slow.finish("a");
  while (!engine.drain_step(0ms)) {}
  EXPECT_TRUE(engine.end_drain());
  EXPECT_EQ(engine.still_running(), 0);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

}  // namespace
}  // namespace dispytch::listen
