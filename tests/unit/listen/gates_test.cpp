// Circuit breaker and rate limit, as messages meet them.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;

// A database that is down until it is up.
struct Database {
  bool up = false;
  const VirtualClock* clock = nullptr;
  std::vector<nanoseconds> calls = {};
  std::vector<std::string> stored = {};

  HandlerGroup group(HandlerOptions options) {
    HandlerGroup made;
    made.on<Order>(
        [this](const Order& order) {
          calls.push_back(clock->monotonic());
          if (!up) throw Busy{"the database is down"};
          stored.push_back(order.id);
        },
        std::move(options));
    return made;
  }
};

RigOptions by_message(std::size_t workers = 0) {
  return {.delivery = {.ordering = Ordering::none}, .workers = workers, .dead_letters = true};
}

TEST(BreakerOfAHandler, PausesItAfterSoManyFailuresInARowAndSparesTheOthersTheirAttempts) {
  Database database;
  Rig rig{database.group(
              {.policy = {.retry = {.attempts = 2, .backoff = {.initial = 100ms, .jitter = 0}}, .breaker = {.failures = 3, .pause = 5s}}}),
          by_message()};
  database.clock = &rig.clock;
  for (int i = 0; i < 1000; ++i) rig.broker.append(0, order(std::to_string(i)));
  rig.settle();
  EXPECT_EQ(database.calls.size(), 3);
  for (int i = 0; i < 100; ++i) rig.advance(1s);
  EXPECT_LE(database.calls.size(), 3U + 100 / 5 + 1) << "one probe at a time";
  database.up = true;
  for (int i = 0; i < 20; ++i) rig.advance(1s);
  EXPECT_EQ(database.stored.size(), 1000) << "an outage flushes nothing into the dead letters";
  EXPECT_TRUE(rig.dead_letters.letters.empty());
  EXPECT_EQ(rig.broker.committed(0), 1000);
}

TEST(BreakerOfAHandler, ProbesAfterThePauseAndOpensAgainWhileThatFails) {
  Database database;
  Rig rig{database.group({.policy = {.retry = {.attempts = 10, .backoff = {.initial = 1ms, .max = 1ms, .jitter = 0}},
                                     .breaker = {.failures = 2, .pause = 5s}}})};
  database.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 12; ++i) rig.advance(1s);
  EXPECT_THAT(database.calls, ElementsAre(0ms, 1s, 6s, 11s)) << "two that open it, then one after each pause";
}

TEST(BreakerOfAHandler, IsSaidWhenItOpensAndWhenItCloses) {
  Database database;
  Rig rig{database.group(
      {.name = "store",
       .policy = {.retry = {.attempts = 9, .backoff = {.initial = 1ms, .max = 1ms}}, .breaker = {.failures = 2, .pause = 5s}}})};
  database.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  const std::string opens = logged([&] {
    rig.settle();
    for (int i = 0; i < 12; ++i) rig.advance(1s);
  });
  EXPECT_THAT(
      opens,
      HasSubstr(
          "the circuit breaker of handler `store` opens: 2 failures in a row, by dispytch::listen::Busy; it is not called for 5000 ms"));
  EXPECT_EQ(opens.find("opens"), opens.rfind("opens")) << "once, however many probes fail";
  EXPECT_EQ(rig.engine().open_breakers(), 1);
  const auto waiting = rig.engine().unfinished_for(0ns, 1);
  ASSERT_EQ(waiting.size(), 1);
  EXPECT_EQ(waiting[0].handler, "store");
  EXPECT_THAT(waiting[0].reason, AnyOf("its circuit breaker is open", HasSubstr("the database is down")));
  database.up = true;
  EXPECT_THAT(logged([&] {
                for (int i = 0; i < 6; ++i) rig.advance(1s);
              }),
              HasSubstr("the circuit breaker of handler `store` closes"));
  EXPECT_EQ(rig.engine().open_breakers(), 0);
}

TEST(RateOfAHandler, IsTheReasonWhyAMessageWaits) {
  Database database{.up = true};
  Rig rig{database.group({.name = "store", .policy = {.rate = {.per_second = 0.1, .burst = 1}}}), by_message()};
  database.clock = &rig.clock;
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id));
  rig.settle();
  const auto waiting = rig.engine().unfinished_for(0ns, 9);
  ASSERT_EQ(waiting.size(), 1);
  EXPECT_EQ(waiting[0].reason, "its rate is used up");
  EXPECT_EQ(waiting[0].waits_for, "its next attempt");
}

TEST(BreakerOfAHandler, UsesUpNoAttemptWhileItIsOpen) {
  Database database;
  Rig rig{database.group(
              {.policy = {.retry = {.attempts = 3, .backoff = {.initial = 1s, .jitter = 0}}, .breaker = {.failures = 2, .pause = 5s}}}),
          by_message()};
  database.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 3600; ++i) rig.advance(1s);
  EXPECT_GT(database.calls.size(), 100U);
  EXPECT_TRUE(rig.dead_letters.letters.empty()) << "an hour of probes";
  database.up = true;
  for (int i = 0; i < 20; ++i) rig.advance(1s);
  EXPECT_THAT(database.stored, ElementsAre("a"));
}

TEST(BreakerOfAHandler, CountsFailuresOfOneCauseAlone) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        if (++calls % 2 == 0) throw Busy{"one cause"};
        throw std::logic_error{"another"};
      },
      {.policy = {.retry = {.attempts = 20, .backoff = {.initial = 1ms, .max = 1ms}}, .breaker = {.failures = 2, .pause = 1h}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 30; ++i) rig.advance(1s);
  EXPECT_EQ(calls, 20) << "it never opened";
}

TEST(BreakerOfAHandler, PausesNoOtherHandler) {
  Database database;
  std::vector<std::string> shipped;
  HandlerGroup group = database.group({.policy = {.breaker = {.failures = 1, .pause = 1h}}});
  group.on<Shipped>([&](const Shipped& event) { shipped.push_back(event.id); });
  Rig rig{std::move(group), by_message()};
  database.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.broker.append(0, {.topic = "shipped", .payload = R"({"id":"e","type":"shipped","body":{"id":"s"},"timestamp":1})"});
  rig.settle();
  EXPECT_THAT(shipped, ElementsAre("s"));
}

TEST(BreakerOfAHandler, ClosesWhenAProbeThatEndsLaterEndedWell) {
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Completion completion) { pending.push_back(std::move(completion)); },
      {.policy = {.retry = {.attempts = 5, .backoff = {.initial = 1ms, .jitter = 0}}, .breaker = {.failures = 1, .pause = 5s}}});
  Rig rig{std::move(group), by_message()};
  rig.broker.append(0, order("a"));
  rig.settle();
  pending[0].fail("down");
  rig.settle();
  for (const char* id : {"b", "c", "d"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_EQ(pending.size(), 1) << "it is open";
  rig.advance(5s);
  ASSERT_EQ(pending.size(), 2) << "one probes, and the others wait for it";
  rig.advance(1s);
  ASSERT_EQ(pending.size(), 2);
  pending[1]();
  rig.advance(1s);
  EXPECT_EQ(pending.size(), 5) << "it is closed";
  for (Completion& completion : pending) completion();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 4);
}

TEST(BreakerOfAHandler, OpensAgainWhenAProbeThatEndsLaterFailsOrIsNotCompletedInTime) {
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Completion completion) { pending.push_back(std::move(completion)); },
      {.policy = {
           .retry = {.attempts = 2, .backoff = {.initial = 1ms, .jitter = 0}}, .timeout = 30s, .breaker = {.failures = 1, .pause = 5s}}});
  Rig rig{std::move(group), by_message()};
  rig.broker.append(0, order("a"));
  rig.settle();
  pending[0].fail("down");
  rig.settle();
  rig.advance(5s);
  ASSERT_EQ(pending.size(), 2);
  pending[1].fail("still down");
  rig.settle();
  rig.advance(4s);
  EXPECT_EQ(pending.size(), 2);
  rig.advance(1s);
  ASSERT_EQ(pending.size(), 3);
  rig.advance(30s);
  EXPECT_TRUE(rig.dead_letters.letters.empty()) << "a probe's failure uses up no attempt";
  rig.advance(5s);
  EXPECT_EQ(pending.size(), 4);
}

TEST(BreakerOfAHandler, IsNotLeftProbingByAMessageThatIsLetGo) {
  std::vector<std::string> begun;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order, Completion completion) {
        begun.push_back(order.id);
        pending.push_back(std::move(completion));
      },
      {.policy = {.retry = {.attempts = 5, .backoff = {.initial = 1ms, .jitter = 0}}, .breaker = {.failures = 1, .pause = 5s}}});
  Rig rig{std::move(group), by_message()};
  rig.broker.append(0, order("a"));
  rig.settle();
  pending[0].fail("down");
  rig.settle();
  rig.advance(5s);
  ASSERT_EQ(pending.size(), 2);
  rig.broker.lose({0});  // while it probes
  rig.settle();
  pending[1]();
  rig.settle();
  rig.broker.append(1, order("b"));
  rig.settle();
  EXPECT_THAT(begun, ElementsAre("a", "a", "b"));
  pending.clear();
}

TEST(BreakerOfAHandler, TakesAnOutcomeOfUnavailableForAFailure) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        ++calls;
        return unavailable("away");
      },
      {.policy = {.retry = {.backoff = {.initial = 1ms, .max = 1ms}}, .breaker = {.failures = 3, .pause = 1h}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  for (int i = 0; i < 60; ++i) rig.advance(10s);
  EXPECT_EQ(calls, 3);
}

TEST(RateOfAHandler, LetsABurstPassAndThenSoManyASecond) {
  Database database{.up = true};
  Rig rig{database.group({.policy = {.rate = {.per_second = 10, .burst = 3}}}), by_message()};
  database.clock = &rig.clock;
  for (int i = 0; i < 8; ++i) rig.broker.append(0, order(std::to_string(i)));
  rig.settle_all();
  EXPECT_THAT(database.calls, ElementsAre(0ms, 0ms, 0ms, 100ms, 200ms, 300ms, 400ms, 500ms));
  EXPECT_EQ(rig.counters().retries, 0);
  EXPECT_EQ(rig.counters().handled, 8);
}

TEST(RateOfAHandler, UsesUpNoAttemptAndKeepsTheOrder) {
  Database database{.up = true};
  Rig rig{database.group({.policy = {.retry = {.attempts = 1}, .rate = {.per_second = 1}}})};
  database.clock = &rig.clock;
  for (int i = 0; i < 5; ++i) rig.broker.append(0, order(std::to_string(i)));
  rig.settle_all();
  EXPECT_THAT(database.stored, ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(database.calls, ElementsAre(0s, 1s, 2s, 3s, 4s));
  EXPECT_TRUE(rig.failures.empty());
}

TEST(RateOfAHandler, HoldsForAllWorkersTogether) {
  Database database{.up = true};
  Rig rig{database.group({.policy = {.rate = {.per_second = 10}}}), by_message(4)};
  database.clock = &rig.clock;
  for (int i = 0; i < 20; ++i) rig.broker.append(0, order(std::to_string(i)));
  for (int i = 0; i < 100; ++i) {
    rig.settle_with_workers();
    rig.clock.advance(20ms);
  }
  EXPECT_EQ(database.stored.size(), 20);
  for (std::size_t i = 1; i < database.calls.size(); ++i) EXPECT_GE(database.calls[i] - database.calls[i - 1], 100ms);
}

}  // namespace
}  // namespace dispytch::listen
