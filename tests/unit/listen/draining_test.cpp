// The end: what is let go, what is awaited, what is said.
#include <cstdint>

#include "unit/listen/slow.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

// What it does is the message's name; any other is fine.
HandlerGroup holding_and_retrying(int& calls) {
  HandlerGroup group;
  group.on<Order>(
      [&calls](const Order& order) {
        ++calls;
        if (order.id == "held") throw std::logic_error{"never"};
        if (order.id == "retried") throw Busy{"busy"};
      },
      {.policy = {.retry = {.only = exceptions<Busy>}}});
  return group;
}

TEST(Draining, CancelsRetriesAndLetsHeldMessagesGo) {
  int calls = 0;
  Rig rig{holding_and_retrying(calls)};
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
  int calls = 0;
  Rig rig{holding_and_retrying(calls), {.quiet = false}};
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
