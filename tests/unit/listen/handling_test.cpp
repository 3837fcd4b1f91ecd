// What becomes of messages under each policy, through the harness: the production engine on a virtual clock over the memory broker.
#include <stdexcept>

#include <dispytch/dispytch.hpp>
#include <dispytch/testing/harness.hpp>

#include <gmock/gmock.h>

namespace dispytch::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  static constexpr auto partition_by = "id";
  std::string id;
};
DISPYTCH_EVENT(Order, id)

struct Shipped {
  static constexpr auto topic = "shipped";
  static constexpr auto type = "shipped";
  std::string id;
};
DISPYTCH_EVENT(Shipped, id)

struct Busy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const ListenerOptions kWithDeadLetters{.name = "harness", .dead_letter = DeadLetterOptions{}};

TEST(Retry, ShowsTheAttemptAndWhenTheMessageWasFirstSeen) {
  std::vector<std::uint32_t> attempts;
  std::vector<Timestamp> first_seen;
  HandlerGroup group{{.policy = {.retry = {.attempts = 3}}}};
  group.on<Order>([&](const Order&, Context context) {
    attempts.push_back(context.attempt());
    first_seen.push_back(context.first_seen());
    throw Busy{"not yet"};
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3));
  EXPECT_EQ(first_seen[0], first_seen[2]);
  ASSERT_EQ(harness.dead_letters().size(), 1);
}

TEST(Retry, HoldsItsLaneUntilItWorks) {
  std::vector<std::string> handled;
  int failures = 2;
  HandlerGroup group;
  group.on<Order>([&](const Order& order) {
    if (order.id == "a" && failures-- > 0) throw Busy{"not yet"};
    handled.push_back(order.id);
  });
  Harness harness{std::move(group), kWithDeadLetters};
  for (const char* id : {"a", "b", "c"}) harness.emit(Order{id}, {.key = "one"});
  harness.settle();
  EXPECT_THAT(handled, ElementsAre("a", "b", "c"));
}

TEST(Retry, IsSparedWhatTheFilterDoesntName) {
  int calls = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 5, .only = exceptions<Busy>}}}};
  group.on<Order>([&](const Order&) {
    ++calls;
    throw std::logic_error{"never"};
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(harness.failures().at(0).reason, HasSubstr("never"));
}

TEST(Retry, OfAnOutageUsesUpNoAttempt) {
  int calls = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 2}}}};
  group.on<Order>([&](const Order&) { return ++calls < 20 ? unavailable("the database is away") : done(); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(calls, 20);
  EXPECT_EQ(harness.handled(), 1);
  EXPECT_THAT(harness.dead_letters(), IsEmpty());
}

TEST(Retry, AfterATimeOfTheHandlersOwnIsAFailedAttempt) {
  int calls = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 2}}}};
  group.on<Order>([&](const Order&) {
    ++calls;
    return retry_after(1h, "later");
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(harness.failures().at(0).reason, HasSubstr("later"));
}

TEST(Ends, ADeadLetterIsNoAttemptMore) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) {
    ++calls;
    return dead_letter("of no use here");
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(calls, 1);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_THAT(harness.dead_letters()[0].headers, ::testing::Contains(::testing::Pair("dispytch-reason", "rejected")));
}

TEST(Ends, WhatIsHeldKeepsItsLaneAndNoOther) {
  std::vector<std::string> handled;
  HandlerGroup group{{.policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::hold}}};
  group.on<Order>([&](const Order& order) {
    if (order.id == "bad") throw Busy{"for ever"};
    handled.push_back(order.id);
  });
  group.on<Shipped>([&](const Shipped& shipped) { handled.push_back(shipped.id); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"bad"}, {.key = "one"});
  harness.emit(Order{"behind"}, {.key = "one"});
  harness.emit(Shipped{"elsewhere"});
  harness.settle();
  EXPECT_THAT(handled, ElementsAre("elsewhere"));
  EXPECT_EQ(harness.failures().size(), 1);
  EXPECT_THAT(harness.dead_letters(), IsEmpty());
}

TEST(Ends, DropSettlesAndGoesOn) {
  std::vector<std::string> handled;
  HandlerGroup group{{.policy = {.retry = {.attempts = 1}, .on_failure = OnFailure::drop, .on_undecodable = OnFailure::drop}}};
  group.on<Order>([&](const Order& order) {
    if (order.id == "bad") throw Busy{"for ever"};
    handled.push_back(order.id);
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"bad"}, {.key = "one"});
  harness.emit(OutgoingMessage{.topic = "orders", .key = "one", .payload = R"({"id":"1","type":"order","body":{},"timestamp":1})"});
  harness.emit(Order{"good"}, {.key = "one"});
  harness.settle();
  EXPECT_THAT(handled, ElementsAre("good"));
  EXPECT_THAT(harness.dead_letters(), IsEmpty());
}

TEST(Ends, AnUndecodableMessageIsBuriedWithoutRetries) {
  int calls = 0;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { ++calls; });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(OutgoingMessage{.topic = "orders", .key = "k", .payload = R"({"id":"1","type":"order","body":{"id":5},"timestamp":1})"});
  harness.settle();
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.dead_letters()[0].payload, R"({"id":"1","type":"order","body":{"id":5},"timestamp":1})");
  EXPECT_THAT(harness.dead_letters()[0].headers, ::testing::Contains(::testing::Pair("dispytch-reason", "undecodable")));
}

TEST(Completions, MayBeCalledBeforeTheHandlerReturns) {
  HandlerGroup group;
  group.on<Order>([](const Order&, Completion completion) { completion(); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(harness.handled(), 1);
}

TEST(Completions, DestroyedUncalledAreFailedAttempts) {
  int calls = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 2}}}};
  group.on<Order>([&](const Order&, Completion) { ++calls; });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(harness.failures().at(0).reason, HasSubstr("destroyed without having been called"));
}

TEST(Completions, NotCalledInTimeAreFailedAttemptsAndComeTooLateAfterThat) {
  std::vector<Completion> pending;
  HandlerGroup group{{.policy = {.retry = {.attempts = 1}, .timeout = 2s}}};
  group.on<Order>([&](const Order&, Completion completion) { pending.push_back(std::move(completion)); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  ASSERT_EQ(pending.size(), 1);
  harness.advance(2s);
  harness.settle();
  EXPECT_THAT(harness.failures().at(0).reason, HasSubstr("it wasn't completed within 2000 ms"));
  pending[0]();
  harness.settle();
  EXPECT_EQ(harness.handled(), 0);
  EXPECT_EQ(harness.dead_letters().size(), 1);
}

TEST(Completions, KeepTheBodyUntilTheyAreCalled) {
  const Order* body = nullptr;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    body = &order;
    pending.push_back(std::move(completion));
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a long enough text to live on the heap, not in the string"});
  harness.settle();
  EXPECT_EQ(body->id, "a long enough text to live on the heap, not in the string");
  pending[0]();
  harness.settle();
  EXPECT_EQ(harness.handled(), 1);
}

TEST(EmitsByContext, AreHandledAndSettleTheirMessage) {
  std::vector<std::string> shipped;
  HandlerGroup group;
  group.on<Order>([](const Order& order, Context context) { context.emit(Shipped{order.id}); });
  group.on<Shipped>([&](const Shipped& event) { shipped.push_back(event.id); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_THAT(shipped, ElementsAre("a"));
  EXPECT_EQ(harness.handled(), 2);
}

struct Session {
  explicit Session(std::vector<std::string>& of) : log{of} { log.push_back("open"); }
  ~Session() { log.push_back("close"); }
  std::vector<std::string>& log;
};

TEST(Scopes, AreRenewedOnEveryAttemptAndClosedAfterAThrow) {
  std::vector<std::string> log;
  int calls = 0;
  HandlerGroup group{{.policy = {.retry = {.attempts = 2}}}};
  group.on<Order>([&](const Order&, Session& session) {
    session.log.push_back("use");
    if (++calls == 1) throw Busy{"once"};
  });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.provide_per_message<Session>([&] { return std::make_unique<Session>(log); });
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_THAT(log, ElementsAre("open", "use", "close", "open", "use", "close"));
}

TEST(MiddlewareAround, TheFirstIsOutermostAndMayChangeTheOutcome) {
  std::vector<std::string> seen;
  HandlerGroup group;
  group.on<Order>([&](const Order&) { throw Busy{"the database"}; });
  const auto named = [&seen](std::string name) {
    return [&seen, name](HandlerCall next) -> HandlerCall {
      return [&seen, name, next](const Call& call) {
        seen.push_back(name);
        return next(call);
      };
    };
  };
  group.use(named("first"));
  group.use([](HandlerCall next) -> HandlerCall {
    return [next](const Call& call) {
      try {
        return next(call);
      } catch (const Busy&) {
        return drop("caught");
      }
    };
  });
  group.use(named("third"));
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(Order{"a"});
  harness.settle();
  EXPECT_THAT(seen, ElementsAre("first", "third"));
  EXPECT_THAT(harness.failures(), IsEmpty());
}

// ---- what is no event ----

TEST(NoEvent, GoesToHandlersOfMessagesAndWhatIsNoTombstoneThenToTheHandlerOfEvents) {
  std::vector<std::string> bytes;
  HandlerGroup group{{.topic = "orders"}};
  group.on<Order>([](const Order&) {}, {.name = "store"});
  group.on_message([&](const Message& message) { bytes.emplace_back(message.payload().value_or("gone")); });
  Harness harness{std::move(group), kWithDeadLetters};
  harness.emit(OutgoingMessage{.topic = "orders", .key = "a"});
  harness.emit(OutgoingMessage{.topic = "orders", .key = "a", .payload = "no JSON"});
  harness.settle();
  EXPECT_THAT(bytes, ElementsAre("gone", "no JSON"));
  EXPECT_EQ(harness.handled(), 1);
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.dead_letters()[0].payload, "no JSON");
  EXPECT_THAT(harness.dead_letters()[0].headers, ::testing::Contains(::testing::Pair("dispytch-handler", "store")));
}

TEST(NoEvent, ThatIsATombstoneIsSettledWhereNoHandlerTakesIt) {
  HandlerGroup group{{.topic = "orders", .policy = {.on_undecodable = OnFailure::stop}}};
  group.on<Order>([](const Order&) {});
  Harness harness{std::move(group)};
  harness.emit(OutgoingMessage{.topic = "orders", .key = "a"});
  harness.settle();
  EXPECT_EQ(harness.unhandled(), 1);
  EXPECT_THAT(harness.failures(), IsEmpty());
  EXPECT_THAT(harness.dead_letters(), IsEmpty());
}

// ---- times ----

TEST(Times, AreThoseOfTheMessageFrom1970On) {
  std::vector<std::optional<std::int64_t>> times;
  HandlerGroup group{{.topic = "orders"}};
  group.on_message([&](const Message& message) {
    const auto time = message.timestamp();
    times.push_back(time ? std::optional{time->time_since_epoch().count()} : std::nullopt);
  });
  Harness harness{std::move(group)};
  harness.emit(OutgoingMessage{.topic = "orders", .payload = "", .timestamp = Timestamp{1'700'000'000'123ms}});
  harness.emit(OutgoingMessage{.topic = "orders", .payload = "", .timestamp = Timestamp{}});
  EXPECT_THROW(harness.emit(OutgoingMessage{.topic = "orders", .payload = "", .timestamp = Timestamp{-1ms}}), Exception);
  harness.settle();
  EXPECT_THAT(times, ElementsAre(1'700'000'000'123, 1));
}

}  // namespace
}  // namespace dispytch::testing
