// How often, when and in whose place a failed message is tried again.
#include <cstdint>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

constexpr BackoffPolicy kPlain{.initial = 100ms, .factor = 3, .max = 500ms, .jitter = 0};

// Fails `failures` times for each message, and keeps when it was called.
struct Failing {
  int failures = 1'000'000;
  const VirtualClock* clock = nullptr;
  std::vector<nanoseconds> calls = {};

  HandlerGroup group(HandlerOptions options = {}) {
    HandlerGroup made;
    made.on<Order>(
        [this](const Order&) {
          calls.push_back(clock->monotonic());
          if (failures-- > 0) throw Busy{"the database is busy"};
        },
        std::move(options));
    return made;
  }
};

TEST(Retrying, IsDoneAsOftenAsTheAttemptsSayByABackoffThatGrowsUpToItsMost) {
  Failing handler;
  Rig rig{handler.group({.policy = {.retry = {.attempts = 5, .backoff = kPlain}}})};
  handler.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(handler.calls, ElementsAre(0ms, 100ms, 400ms, 900ms, 1400ms));
  EXPECT_EQ(rig.counters().retries, 4);
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_THAT(rig.failures[0].reason, HasSubstr("the database is busy"));
}

TEST(Retrying, ByDefaultIsDoneThreeTimesInAll) {
  Failing handler;
  Rig rig{handler.group()};
  handler.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_EQ(handler.calls.size(), 3);
}

TEST(Retrying, EndsWithTheFirstAttemptThatWorks) {
  Failing handler{.failures = 2};
  Rig rig{handler.group({.policy = {.retry = {.attempts = 5}}})};
  handler.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_EQ(handler.calls.size(), 3);
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_TRUE(rig.failures.empty());
}

TEST(Retrying, ChangesEachWaitAtRandomByNoMoreThanTheJitter) {
  Failing handler;
  Rig rig{handler.group({.policy = {.retry = {.attempts = 40, .backoff = {.initial = 100ms, .factor = 1, .jitter = 0.5}}}})};
  handler.clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  std::vector<nanoseconds> waits;
  for (std::size_t i = 1; i < handler.calls.size(); ++i) waits.push_back(handler.calls[i] - handler.calls[i - 1]);
  EXPECT_THAT(waits, Each(AllOf(Ge(50ms), Le(150ms))));
  EXPECT_GT(std::ranges::max(waits) - std::ranges::min(waits), 50ms) << "they are spread";
}

TEST(Retrying, IsSparedAnExceptionThatTheFilterDoesNotName) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order& order) {
        ++calls;
        if (order.id == "named") throw Busy{"busy"};
        throw std::logic_error{"never"};
      },
      {.policy = {.retry = {.attempts = 5, .only = exceptions<Busy>}, .on_failure = OnFailure::drop}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("other"));
  rig.settle_all();
  EXPECT_EQ(calls, 1);
  rig.broker.append(0, order("named"));
  rig.settle_all();
  EXPECT_EQ(calls, 6);
}

TEST(Retrying, AfterATimeOfTheHandlersOwnIsAFailedAttempt) {
  std::vector<nanoseconds> calls;
  HandlerGroup group;
  const VirtualClock* clock = nullptr;
  group.on<Order>(
      [&](const Order&) {
        calls.push_back(clock->monotonic());
        return retry_after(7s, "at the full hour");
      },
      {.policy = {.retry = {.attempts = 3}}});
  Rig rig{std::move(group)};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre(0s, 7s, 14s));
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "at the full hour");
}

TEST(Retrying, ShowsTheAttemptAndWhenTheMessageWasFirstSeen) {
  std::vector<std::uint32_t> attempts, events;
  std::vector<Timestamp> first_seen;
  HandlerGroup group;
  group.on<Order>(
      [&](const Event<Order>& event, Context context) {
        attempts.push_back(context.attempt());
        events.push_back(event.attempt);
        first_seen.push_back(context.first_seen());
        throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 3, .backoff = kPlain}}});
  Rig rig{std::move(group)};
  rig.clock.advance(90s);
  rig.broker.append(0, order("a"));
  const Timestamp now{std::chrono::milliseconds{rig.clock.unix_ms()}};
  rig.settle_all();
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3));
  EXPECT_THAT(events, ElementsAre(1, 2, 3));
  EXPECT_THAT(first_seen, Each(now));
}

TEST(Retrying, TakesNoDeliveryForAnAttempt) {
  std::vector<std::uint32_t> attempts;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&, Context context) {
        attempts.push_back(context.attempt());
        throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 2}}});
  Rig rig{std::move(group)};
  testing::Logged seen_before = order("a");
  seen_before.attempt = 4;
  rig.broker.append(0, seen_before);
  rig.settle_all();
  EXPECT_THAT(attempts, ElementsAre(1, 2));
}

TEST(Retrying, IsDecidedFieldByFieldByHandlerGroupAndListener) {
  std::vector<nanoseconds> calls;
  const VirtualClock* clock = nullptr;
  HandlerGroup group{{.policy = {.retry = {.attempts = 9, .backoff = {.initial = 50ms, .jitter = 0}}}}};
  group.on<Order>(
      [&](const Order&) {
        calls.push_back(clock->monotonic());
        throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 4}}});
  Rig rig{std::move(group), {.delivery = {.policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .factor = 10, .max = 600ms}}}}}};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre(0ms, 50ms, 550ms, 1150ms)) << "the handler's attempts, the group's start, the listener's factor and most";
}

TEST(Retrying, HoldsItsLaneAndNoOther) {
  std::vector<std::string> handled;
  int failures = 2;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "a" && failures-- > 0) throw Busy{"busy"};
    handled.push_back(order.id);
  });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}}};
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id, "first"));
  rig.broker.append(0, order("c", "second"));
  rig.broker.append(1, order("d", "first"));
  rig.settle();
  EXPECT_THAT(handled, ElementsAre("c", "d")) << "another key, and the same key of another partition";
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.broker.committed(1), 1);
  rig.settle_all();
  EXPECT_THAT(handled, ElementsAre("c", "d", "a", "b"));
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(Retrying, HoldsNoThread) {
  std::vector<std::string> handled;
  int failures = 1;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "a" && failures-- > 0) throw Busy{"busy"};
    handled.push_back(order.id);
  });
  Rig rig{std::move(group), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.settle_with_workers();
  EXPECT_EQ(rig.units(), 0) << "the only worker is free";
  EXPECT_EQ(rig.counters().waiting, 1);
  rig.broker.append(1, order("b"));
  rig.settle_with_workers();
  EXPECT_THAT(handled, ElementsAre("b"));
  rig.clock.advance(1s);
  rig.settle_with_workers();
  EXPECT_THAT(handled, ElementsAre("b", "a"));
}

TEST(Retrying, OfWhatIsAwayUsesUpNoAttemptHoweverLongItTakes) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        if (++calls <= 50) return unavailable("the database is away");
        if (calls == 51) throw Busy{"and busy when it is back"};
        return done();
      },
      {.policy = {.retry = {.attempts = 2, .backoff = kPlain}, .on_failure = OnFailure::drop}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_EQ(calls, 52);
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_EQ(rig.counters().dropped, 0);
  EXPECT_TRUE(rig.failures.empty());
}

TEST(Retrying, OfWhatIsAwayIsSaidAndOnceAMinute) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { return ++calls <= 6 ? unavailable("the database is away") : done(); },
                  {.name = "store", .policy = {.retry = {.backoff = {.initial = 25s, .max = 25s, .jitter = 0}}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  const std::string log = logged([&] { rig.settle_all(); });
  std::size_t said = 0;
  for (std::size_t at = 0; (at = log.find("handler `store` can't work: the database is away; its messages wait", at)) != std::string::npos;
       ++at)
    ++said;
  EXPECT_EQ(said, 2) << "six failures within 125 seconds: at 0 and 75\n" << log;
}

TEST(Retrying, OfWhatIsAwayBacksOff) {
  std::vector<nanoseconds> calls;
  const VirtualClock* clock = nullptr;
  HandlerGroup group;
  group.on<Order>(
      [&](const Order&) {
        calls.push_back(clock->monotonic());
        return calls.size() < 5 ? unavailable() : done();
      },
      {.policy = {.retry = {.backoff = kPlain}}});
  Rig rig{std::move(group)};
  clock = &rig.clock;
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre(0ms, 100ms, 400ms, 900ms, 1400ms));
}

TEST(Retrying, CallsTheHandlersThatEndedWellNotAgain) {
  std::vector<std::string> calls;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { calls.emplace_back("first"); });
  group.on<Order>([&](const Order&) {
    calls.emplace_back("second");
    if (calls.size() < 4) throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre("first", "second", "second", "second"));
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(Retrying, GivesEachHandlerOfAMessageAttemptsOfItsOwn) {
  std::vector<std::string> calls;
  int of_second = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 3}}}};
  group.on<Order>([&](const Order&, Context context) {
    calls.push_back("first " + std::to_string(context.attempt()));
    if (context.attempt() < 3) throw Busy{"busy"};
  });
  group.on<Order>([&](const Order&, Context context) {
    calls.push_back("second " + std::to_string(context.attempt()));
    if (++of_second < 3) throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre("first 1", "first 2", "first 3", "second 1", "second 2", "second 3"));
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_TRUE(rig.failures.empty());
}

TEST(Retrying, GivesEachHandlerOfAMessageAttemptsOfItsOwnAlsoBehindACompletion) {
  std::vector<std::string> calls;
  HandlerGroup group{{.policy = {.retry = {.attempts = 2}}}};
  group.on<Order>([&](const Order&, Completion completion, Context context) {
    calls.push_back("first " + std::to_string(context.attempt()));
    if (context.attempt() == 1) {
      completion.fail("not yet");
    } else {
      completion();
    }
  });
  group.on<Order>([&](const Order&, Context context) {
    calls.push_back("second " + std::to_string(context.attempt()));
    if (context.attempt() == 1) throw Busy{"busy"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_THAT(calls, ElementsAre("first 1", "first 2", "second 1", "second 2"));
  EXPECT_EQ(rig.counters().handled, 1);
}

}  // namespace
}  // namespace dispytch::listen
