// Waits that are too long for a lane: the message goes back to the broker, and its lane goes on.
#include <cstdint>

#include "assemble/requirements.hpp"
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr std::uint64_t kCarries = policy::kRequeueing | DISPYTCH_CAN_CARRY_ATTEMPTS | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PAUSE;
constexpr std::uint64_t kCapable = policy::kRequeueing | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PAUSE | DISPYTCH_CAN_HEADERS;

// A first wait within the 30 s that hold a lane by default, and then ones beyond them.
RetryPolicy requeueing(std::uint32_t attempts = 4) {
  return {.attempts = attempts,
          .backoff = {.initial = 1s, .factor = 100, .max = 1h, .jitter = 0},
          .beyond_in_place_max = BeyondInPlaceMax::requeue};
}
RetryPolicy requeueing_at_once(std::uint32_t attempts = 4) {
  return {.attempts = attempts, .backoff = {.initial = 10min, .max = 10min, .jitter = 0}, .beyond_in_place_max = BeyondInPlaceMax::requeue};
}

HandlerGroup busy(HandlerOptions options) {
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw Busy{"busy"}; }, std::move(options));
  return group;
}

std::vector<std::string> requeues(const Rig& rig) {
  std::vector<std::string> calls;
  for (const std::string& call : rig.broker.calls()) {
    if (call.starts_with("requeue")) calls.push_back(call);
  }
  return calls;
}

TEST(Requeueing, GivesTheMessageToTheBrokerAndItsLaneGoesOn) {
  std::vector<std::string> handled;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order) {
        if (order.id == "a" && failures-- > 0) throw Busy{"busy"};
        handled.push_back(order.id);
      },
      {.policy = {.retry = {.backoff = {.initial = 10min, .max = 10min, .jitter = 0}, .beyond_in_place_max = BeyondInPlaceMax::requeue}}});
  Rig rig{std::move(group), {.capabilities = kCapable}};
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("b"));
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "requeue 0@0 for 600000", "ack 0@1")) << "it isn't acknowledged";
  EXPECT_EQ(rig.engine().unfinished(), 0);
  EXPECT_EQ(rig.engine().next_due(), std::nullopt);
  EXPECT_EQ(rig.counters().waiting, 0);
  EXPECT_EQ(rig.broker.unreleased_batches(), 0);
  rig.broker.deliver_requeued();
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("b", "a"));
  EXPECT_THAT(rig.broker.acknowledged(0), ElementsAre(1, 0));
  EXPECT_EQ(rig.counters().requeued, 1);
  EXPECT_EQ(rig.counters().retries, 1);
  EXPECT_EQ(rig.counters().handled, 2);
}

TEST(Requeueing, AlsoFreesALaneThatWorkersServe) {
  std::vector<std::string> handled;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order) {
        if (order.id == "a") throw Busy{"busy"};
        handled.push_back(order.id);
      },
      {.policy = {.retry = requeueing_at_once()}});
  Rig rig{std::move(group), {.workers = 2, .capabilities = kCapable}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle_with_workers();
  EXPECT_THAT(handled, ElementsAre("b", "c"));
  EXPECT_EQ(requeues(rig).size(), 1);
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Requeueing, IsForTheLongWaitsOnlyAndTheAttemptsAreThoseOfAllDeliveriesTogether) {
  std::vector<std::uint32_t> attempts;
  std::vector<nanoseconds> calls;
  std::vector<Timestamp> first_seen;
  const VirtualClock* clock = nullptr;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        first_seen.push_back(context.first_seen());
        calls.push_back(clock->monotonic());
        throw Busy{"busy"};
      },
      {.policy = {.retry = requeueing()}});
  Rig rig{std::move(group), {.dead_letters = true, .capabilities = kCapable}};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  const std::int64_t start = rig.clock.unix_ms();
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre(0s, 1s)) << "the second attempt is within the same delivery";
  EXPECT_THAT(requeues(rig), ElementsAre("requeue 0@0 for 100000"));
  rig.clock.advance(100s);
  rig.broker.deliver_requeued();
  rig.settle_all();
  EXPECT_THAT(requeues(rig), ElementsAre("requeue 0@0 for 100000", "requeue 0@0 for 3600000")) << "the backoff goes on as well";
  rig.clock.advance(1h);
  rig.broker.deliver_requeued();
  rig.settle_all();
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(first_seen, Each(Timestamp{std::chrono::milliseconds{start}}));
  ASSERT_EQ(rig.dead_letters.letters.size(), 1) << "the attempts are used up";
  EXPECT_THAT(rig.dead_letters.letters[0].message.headers,
              ::testing::IsSupersetOf({Pair("dispytch-attempts", std::string{"4"}), Pair("dispytch-first", std::to_string(start)),
                                       Pair("dispytch-last", std::to_string(start + 3'701'000))}));
  EXPECT_THAT(rig.broker.acknowledged(0), ElementsAre(0));
}

TEST(Requeueing, GoesOnWithTheAttemptsThatTheBrokerCarriedWhereThisProcessKnowsNoMore) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        throw Busy{"busy"};
      },
      {.policy = {.retry = requeueing_at_once(), .on_failure = OnFailure::drop}});
  Rig rig{std::move(group), {.capabilities = kCarries}};
  testing::Logged tried_elsewhere = order("a");
  tried_elsewhere.attempt = 1;
  tried_elsewhere.attempts = 2;
  rig.broker.append(0, tried_elsewhere);
  rig.settle();
  EXPECT_EQ(requeues(rig).size(), 1);
  rig.broker.deliver_requeued();
  const std::string log = logged([&] { rig.settle(); });
  EXPECT_THAT(attempts, ElementsAre(3, 4));
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_THAT(log, HasSubstr("dropped after 4 attempts"));
}

TEST(Requeueing, CountsTheAttemptsThatOthersOfTheGroupMadeMeanwhile) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 7,
                            .backoff = {.initial = 20s, .factor = 2, .max = 1h, .jitter = 0},
                            .beyond_in_place_max = BeyondInPlaceMax::requeue}}});
  Rig rig{std::move(group), {.capabilities = kCarries}};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  rig.broker.deliver_requeued(2);
  rig.settle_all();
  rig.broker.deliver_requeued();
  rig.settle_all();
  rig.broker.deliver_requeued();
  rig.settle_all();
  EXPECT_THAT(attempts, ElementsAre(1, 2, 5, 6, 7)) << "the first wait was in the lane";
  EXPECT_EQ(rig.counters().held, 1);
}

// A broker's deliveries are no attempts: it was fetched by processes that were killed, or restarted, before it was its turn.
TEST(Requeueing, CountsNoDeliveryForAnAttempt) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        throw Busy{"busy"};
      },
      {.policy = {.retry = requeueing_at_once(2)}});
  for (const std::uint64_t capabilities : {kCapable, kCarries}) {
    attempts.clear();
    Rig rig{group, {.dead_letters = true, .capabilities = capabilities}};
    testing::Logged fetched_often = order("a");
    fetched_often.attempt = 5;
    rig.broker.append(0, fetched_often);
    rig.settle();
    EXPECT_THAT(rig.dead_letters.letters, IsEmpty()) << "one attempt is left";
    rig.broker.deliver_requeued(7);
    rig.settle();
    EXPECT_EQ(attempts.front(), 1);
    ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  }
}

TEST(Requeueing, TellsTheBrokerHowManyAttemptsWereMade) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        throw Busy{"busy"};
      },
      {.policy = {.retry = requeueing(9)}});
  Rig rig{std::move(group), {.capabilities = kCarries}};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  rig.destroy_engine();
  rig.broker.deliver_requeued();
  EXPECT_THAT(attempts, ElementsAre(1, 2));
  EXPECT_EQ(rig.broker.logged(0, 0).attempts, 2);
}

TEST(Requeueing, HoldsAMessageThatNoAttemptIsLeftOf) {
  Rig rig{busy({.policy = {.retry = requeueing_at_once(2)}}), {.capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.deliver_requeued();
  const std::string log = logged([&] { rig.settle(); });
  EXPECT_EQ(rig.counters().held, 1);
  EXPECT_THAT(log, HasSubstr("failed after 2 attempts"));
  EXPECT_EQ(requeues(rig).size(), 1);
}

TEST(Requeueing, GoesOnWithTheHandlerThatFailed) {
  std::vector<std::string> calls;
  HandlerGroup group{{.policy = {.retry = requeueing_at_once(3)}}};
  const auto note = [&](const char* name, const Context& context) { calls.push_back(name + std::to_string(context.attempt())); };
  group.on<Order>([&](const Order&, Context context) { note("first ", context); });
  group.on<Order>([&](const Order&, Context context) {
    note("second ", context);
    if (context.attempt() < 3) throw Busy{"busy"};
  });
  group.on<Order>([&](const Order&, Context context) { note("third ", context); });
  Rig rig{std::move(group), {.capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 2; ++i) {
    rig.broker.deliver_requeued();
    rig.settle();
  }
  EXPECT_THAT(calls, ElementsAre("first 1", "second 1", "second 2", "second 3", "third 1"));
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(Requeueing, TakesAHandlersOwnDelayCutToWhatTheBorderCanSay) {
  std::vector<std::chrono::milliseconds> delays{1h, 24h * 100, 5s};
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        const auto delay = delays.front();
        delays.erase(delays.begin());
        return retry_after(delay);
      },
      {.policy = {.retry = {.attempts = 9, .beyond_in_place_max = BeyondInPlaceMax::requeue}}});
  Rig rig{std::move(group), {.capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.deliver_requeued();
  rig.settle();
  EXPECT_THAT(requeues(rig), ElementsAre("requeue 0@0 for 3600000", "requeue 0@0 for 4294967295"));
  rig.broker.deliver_requeued();
  rig.settle();
  EXPECT_EQ(requeues(rig).size(), 2);
  EXPECT_EQ(rig.counters().waiting, 1) << "a short one is waited for in the lane";
}

TEST(Requeueing, NeverHappensToAMessageWhoseHandlerNeedsSomethingThatIsAway) {
  std::vector<nanoseconds> calls;
  const VirtualClock* clock = nullptr;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        calls.push_back(clock->monotonic());
        return calls.size() < 4 ? unavailable("the database is away") : done();
      },
      {.policy = {.retry = requeueing(1)}});
  Rig rig{std::move(group), {.capabilities = kCapable}};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre(0s, 1s, 31s, 61s)) << "no wait is longer than a lane may be held";
  EXPECT_THAT(requeues(rig), IsEmpty());
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(Requeueing, IsAskedForByHandlerGroupOrListener) {
  for (const bool listener_says : {true, false}) {
    HandlerGroup group;
    const auto fail = [](const Order&) { throw Busy{"busy"}; };
    RetryPolicy own = requeueing_at_once();
    own.beyond_in_place_max = listener_says ? std::nullopt : std::optional{BeyondInPlaceMax::requeue};
    group.on<Order>(fail, {.policy = {.retry = own}});
    const std::optional listeners{listener_says ? BeyondInPlaceMax::requeue : BeyondInPlaceMax::refuse};
    Rig rig{std::move(group), {.delivery = {.policy = {.retry = {.beyond_in_place_max = listeners}}}, .capabilities = kCapable}};
    rig.broker.append(0, order("a"));
    rig.settle();
    EXPECT_EQ(requeues(rig).size(), 1) << listener_says;
  }
}

// ---- when the message is, or becomes, somebody else's ----

TEST(Requeueing, IsLeftToTheNextOwnerOfASourceThatIsLetGo) {
  Rig rig{busy({.policy = {.retry = requeueing_at_once()}}), {.workers = 1, .capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  rig.work();
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Requeueing, IsWithTheBrokerBeforeItsSourceIsGivenUp) {
  Rig rig{busy({.policy = {.retry = requeueing_at_once()}}), {.capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  EXPECT_EQ(*rig.step(), Engine::Step::event) << "assigned";
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0")) << "what has not begun is let go";
  rig.broker.append(1, order("b"));
  rig.settle();
  rig.broker.revoke({1});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "sync", "revoked 0", "requeue 1@0 for 600000", "sync", "revoked 1"));
}

TEST(Requeueing, OfWhatBelongsToAnotherByNowIsPassedOver) {
  Rig rig{busy({.policy = {.retry = requeueing_at_once()}}), {.capabilities = kCapable}};
  rig.broker.fail_settling(plugin::Error{.code = DISPYTCH_EFENCED, .text = "somebody else has it"});
  rig.broker.append(0, order("a"));
  EXPECT_THAT(logged([&] { rig.settle(); }), HasSubstr("they will be handled twice"));
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Requeueing, ThatTheBrokerDoesNotTakeEndsTheListenerSoThatTheMessageIsDeliveredToTheNext) {
  for (const std::size_t workers : {0, 1}) {
    Rig rig{busy({.policy = {.retry = requeueing_at_once()}}), {.workers = workers, .capabilities = kCapable}};
    rig.broker.fail_settling(plugin::Error{.code = DISPYTCH_EINTERNAL, .text = "the queue is broken"});
    rig.broker.append(0, order("a"));
    Result<Engine::Step> stepped = rig.step();
    for (int i = 0; i < 10 && stepped; ++i) {
      while (rig.units() > 0) rig.work();
      stepped = rig.step();
    }
    ASSERT_FALSE(stepped) << workers;
    EXPECT_THAT(stepped.error().text, HasSubstr("the queue is broken"));
    EXPECT_THAT(rig.broker.acknowledged(0), IsEmpty());
  }
}

TEST(Requeueing, IsWithTheBrokerBeforeTheListenerEnds) {
  Rig rig{busy({.policy = {.retry = requeueing_at_once()}}), {.capabilities = kCapable}};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_TRUE(rig.engine().drain());
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "requeue 0@0 for 600000", "sync", "close"));
}

// ---- the default, and what is refused ----

TEST(LongWaits, OfAHandlersOwnAreWaitedForInTheLaneByDefaultAndToldOnce) {
  std::vector<nanoseconds> calls;
  const VirtualClock* clock = nullptr;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        calls.push_back(clock->monotonic());
        return retry_after(10min);
      },
      {.name = "hourly", .policy = {.retry = {.attempts = 4}}});
  Rig rig{std::move(group), {.capabilities = kCapable}};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  const std::string log = logged([&] { rig.settle_all(); });
  EXPECT_THAT(calls, ElementsAre(0min, 10min, 20min, 30min)) << "called sooner it would use up its attempts for nothing";
  EXPECT_THAT(requeues(rig), IsEmpty());
  const std::string told = "handler `hourly` asked for another attempt in 600 s, longer than `retry.in_place_max`, 30 s: on topic `orders`";
  EXPECT_THAT(log, HasSubstr(told));
  EXPECT_EQ(log.find(told), log.rfind(told));
}

std::string refusal_at_start(HandlerGroup group, RigOptions options) {
  try {
    Rig rig{std::move(group), std::move(options)};
    rig.engine();
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, ErrorCode::config);
    return exception.what();
  }
  return "nothing was refused";
}

TEST(LongWaits, OfABackoffAreRefusedUnlessTheBrokerMayKeepTheMessage) {
  const RetryPolicy within{.backoff = {.max = 30s}};
  EXPECT_EQ(refusal_at_start(busy({.policy = {.retry = within}}), {}), "nothing was refused");
  const RetryPolicy beyond{.backoff = {.max = 31s}};
  EXPECT_THAT(refusal_at_start(busy({.name = "store", .policy = {.retry = beyond}}), {}),
              HasSubstr("handler `store`: its backoff may wait longer (max) than `retry.in_place_max` lets a message hold its lane; lower "
                        "the one or raise the other; its backend can't keep a message for that long instead"));
  EXPECT_THAT(refusal_at_start(busy({.name = "store", .policy = {.retry = beyond}}), {.capabilities = kCapable}),
              HasSubstr("or let the broker keep the message meanwhile: `beyond_in_place_max: requeue`"));
  EXPECT_EQ(refusal_at_start(busy({.policy = {.retry = requeueing()}}), {.capabilities = kCapable}), "nothing was refused");
}

TEST(Requeueing, IsRefusedWhereTheBackendLacksAnyPartOfIt) {
  for (const std::uint64_t missing : {DISPYTCH_CAN_ACK_EACH, DISPYTCH_CAN_REQUEUE, DISPYTCH_CAN_DELAY}) {
    EXPECT_THAT(refusal_at_start(busy({.name = "store", .policy = {.retry = requeueing()}}), {.capabilities = kCapable & ~missing}),
                HasSubstr("handler `store`: its long waits are to be the broker's (`beyond_in_place_max: requeue`), but the listener's "
                          "backend can't take a message back and deliver it later"));
  }
}

route::Router router_of(const HandlerGroup& group) { return route::wire({group}, Providers{}, {}, {.can_requeue = true}); }

TEST(Requeueing, IsRefusedWhereTheOpenedBackendCanLessThanItsPluginClaims) {
  const HandlerGroup group = busy({.name = "store", .policy = {.retry = requeueing()}});
  const route::Router router = router_of(group);
  EXPECT_NO_THROW(assemble::require_requeueing(kCapable, router, Ordering::partition, "billing"));
  const HandlerGroup refusing = busy({});
  EXPECT_NO_THROW(assemble::require_requeueing(0, router_of(refusing), Ordering::partition, "billing"));
  try {
    assemble::require_requeueing(kCapable & ~DISPYTCH_CAN_DELAY, router, Ordering::partition, "billing");
    ADD_FAILURE() << "nothing was refused";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, ErrorCode::config);
    EXPECT_THAT(exception.what(), HasSubstr("handler `store` of listener `billing` lets its messages go back to the broker"));
  }
}

TEST(Requeueing, WarnsWhereTheListenerAsksForOrderByKey) {
  const HandlerGroup group = busy({.name = "store", .policy = {.retry = requeueing()}});
  const route::Router router = router_of(group);
  for (const Ordering ordering : {Ordering::key, Ordering::key_local}) {
    EXPECT_THAT(logged([&] { assemble::require_requeueing(kCarries, router, ordering, "billing"); }),
                HasSubstr("later ones of their key are handled before them"));
  }
  for (const Ordering ordering : {Ordering::partition, Ordering::none}) {
    EXPECT_EQ(logged([&] { assemble::require_requeueing(kCarries, router, ordering, "billing"); }), "");
  }
}

TEST(Requeueing, WarnsWhereTheBrokerCanNotKeepTheAttempts) {
  const HandlerGroup group = busy({.name = "store", .policy = {.retry = requeueing()}});
  const route::Router router = router_of(group);
  EXPECT_THAT(
      logged([&] { assemble::require_requeueing(kCapable, router, Ordering::partition, "billing"); }),
      HasSubstr("handler `store` of listener `billing` lets messages that wait for long go back to the broker, which can't keep their "
                "attempts: after a restart of the process they begin anew"));
}

}  // namespace
}  // namespace dispytch::listen
