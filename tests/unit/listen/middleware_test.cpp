// Functions around handlers.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Middleware noting(std::vector<std::string>& notes, const std::string& name) {
  return [&notes, name](HandlerCall next) -> HandlerCall {
    return [&notes, name, next](const Call& call) {
      notes.push_back("into " + name);
      Outcome outcome = next(call);
      notes.push_back("out of " + name);
      return outcome;
    };
  };
}

TEST(MiddlewareOfAGroup, IsCalledFromTheFirstToTheLastAndBack) {
  std::vector<std::string> notes;
  HandlerGroup group;
  group.use(noting(notes, "first"));
  group.on<Order>([&](const Order&) { notes.emplace_back("handler"); });
  group.use(noting(notes, "second"));
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_THAT(notes, ElementsAre("into first", "into second", "handler", "out of second", "out of first"));
}

TEST(MiddlewareOfAGroup, SeesMessageHandlerAndAttempt) {
  std::vector<std::string> notes;
  HandlerGroup group;
  group.use([&](HandlerCall next) -> HandlerCall {
    return [&notes, next](const Call& call) {
      notes.push_back(std::string{call.handler()} + " " + std::to_string(call.attempt()) + " " + std::string{*call.message().key()});
      return next(call);
    };
  });
  group.on<Order>([](const Order&) { throw Busy{"busy"}; }, {.name = "store", .policy = {.retry = {.attempts = 2}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a", "k"));
  rig.settle_all();
  EXPECT_THAT(notes, ElementsAre("store 1 k", "store 2 k"));
}

TEST(MiddlewareOfAGroup, MayChangeTheOutcome) {
  HandlerGroup group;
  group.use([](HandlerCall next) -> HandlerCall {
    return [next](const Call& call) {
      const Outcome outcome = next(call);
      return outcome.kind() == Outcome::Kind::drop ? dead_letter("not dropped here: " + outcome.reason()) : outcome;
    };
  });
  group.on<Order>([](const Order&) { return drop("of no use"); });
  Rig rig{std::move(group), {.dead_letters = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  ASSERT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_EQ(rig.failures.at(0).reason, "not dropped here: of no use");
}

TEST(MiddlewareOfAGroup, MayCatchWhatTheHandlerThrows) {
  HandlerGroup group;
  group.use([](HandlerCall next) -> HandlerCall {
    return [next](const Call& call) {
      try {
        return next(call);
      } catch (const Busy&) {
        return unavailable("the database");
      }
    };
  });
  int calls = 0;
  group.on<Order>(
      [&](const Order&) {
        if (++calls < 10) throw Busy{"busy"};
      },
      {.policy = {.retry = {.attempts = 1}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(MiddlewareOfAGroup, MayLeaveTheHandlerOut) {
  int calls = 0;
  HandlerGroup group;
  group.use([](HandlerCall) -> HandlerCall { return [](const Call&) { return drop("seen before"); }; });
  group.on<Order>([&](const Order&) { ++calls; });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(rig.counters().dropped, 1);
}

TEST(MiddlewareOfAGroup, ThatThrowsIsAFailedAttempt) {
  HandlerGroup group;
  group.use([](HandlerCall) -> HandlerCall { return [](const Call&) -> Outcome { throw Busy{"the middleware"}; }; });
  group.on<Order>([](const Order&) {});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle_all();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_THAT(rig.failures[0].reason, HasSubstr("the middleware"));
  EXPECT_EQ(rig.counters().retries, 2);
}

TEST(MiddlewareOfAGroup, CanNotTakeAnUndecodableMessageForAFailure) {
  int caught = 0;
  HandlerGroup group;
  group.use([&](HandlerCall next) -> HandlerCall {
    return [&caught, next](const Call& call) {
      try {
        return next(call);
      } catch (const std::exception&) {
        ++caught;
        return done();
      }
    };
  });
  group.on<Order>([](const Order&) {}, {.policy = {.on_undecodable = OnFailure::drop}});
  Rig rig{std::move(group)};
  rig.broker.append(0, {.topic = "orders", .payload = R"({"id":"e","type":"order","body":{},"timestamp":1})"});
  rig.settle();
  EXPECT_EQ(caught, 0);
  EXPECT_EQ(rig.counters().dropped, 1);
}

TEST(MiddlewareOfAGroup, IsAroundHandlersThatFinishLaterToo) {
  std::vector<std::string> notes;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.use(noting(notes, "it"));
  group.on<Order>([&](const Order&, Completion completion) { pending.push_back(std::move(completion)); });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_THAT(notes, ElementsAre("into it", "out of it"));
  EXPECT_EQ(rig.broker.committed(0), 0);
  pending[0]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

}  // namespace
}  // namespace dispytch::listen
