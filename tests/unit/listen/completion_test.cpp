// Handlers that return before they are done.
#include <thread>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Deferred {
  std::vector<Completion> pending = {};
  HandlerGroup group(HandlerOptions options = {}) {
    HandlerGroup made;
    made.on<Order>([this](const Order&, Completion completion) { pending.push_back(std::move(completion)); }, std::move(options));
    return made;
  }
};

TEST(Completing, FromAnotherThreadSettlesTheMessage) {
  Deferred deferred;
  Rig rig{deferred.group()};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.counters().unfinished, 1);
  std::jthread{[&] { deferred.pending[0](); }}.join();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.counters().handled, 1);
}

TEST(Completing, HoldsItsLaneAndNoOtherAndNoThread) {
  std::vector<std::string> begun;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    begun.push_back(order.id);
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("behind"));
  rig.broker.append(1, order("elsewhere"));
  rig.settle_with_workers();
  EXPECT_THAT(begun, ElementsAre("a", "elsewhere"));
  pending[0]();
  rig.settle_with_workers();
  EXPECT_THAT(begun, ElementsAre("a", "elsewhere", "behind"));
  for (Completion& completion : pending) completion();
}

TEST(Completing, BeforeTheHandlerReturnsIsAsGood) {
  HandlerGroup group;
  group.on<Order>([](const Order&, Completion completion) { completion(); });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Completing, ThatOvertakesItsWorkersOwnNewsIsNotForgotten) {
  std::map<std::string, Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, Completion completion) {
    pending.insert_or_assign(order.id, std::move(completion));
    if (order.id == "b") pending.at("a")();  // whose handler has returned, to a worker who isn't back yet
  });
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::key}, .workers = 1}};
  rig.broker.append(0, order("warm", "w"));  // the engine learns that messages are cheap, and gives a worker several at a time
  rig.settle_with_workers();
  pending.at("warm")();
  for (const char* id : {"a", "b", "c", "d"}) rig.broker.append(0, order(id, id));
  rig.settle();
  ASSERT_EQ(rig.units(), 2) << "a and b, then c";
  rig.work();
  rig.settle();
  EXPECT_EQ(rig.counters().handled, 2) << "the first, and the one of which the worker's own news came second";
  EXPECT_EQ(rig.broker.committed(0), 2);
  rig.settle_with_workers();
  for (auto& [id, completion] : pending) completion();
  rig.settle_with_workers();
  EXPECT_EQ(rig.broker.committed(0), 5);
}

TEST(Completing, MayAskForAnyOutcome) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.retry = {.attempts = 2}}}), {.dead_letters = true}};
  for (const char* id : {"drop", "bury", "retry"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_THAT(logged([&] {
                deferred.pending[0](drop("of no use"));
                rig.settle();
              }),
              HasSubstr("dropped a message of topic `orders`: of no use"));
  EXPECT_EQ(rig.counters().dropped, 1);
  deferred.pending[1](dead_letter("of no use here"));
  rig.settle();
  EXPECT_EQ(rig.dead_letters.letters.size(), 1);
  deferred.pending[2](retry_after(3s));
  rig.settle();
  EXPECT_EQ(deferred.pending.size(), 3);
  rig.advance(3s);
  ASSERT_EQ(deferred.pending.size(), 4);
  deferred.pending[3]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(Completing, ByFailureIsAFailedAttempt) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.retry = {.attempts = 1}}})};
  rig.broker.append(0, order("a"));
  rig.settle();
  deferred.pending[0].fail("the database said no");
  rig.settle();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "the database said no");
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(Completing, ByFailureWithoutAReasonIsAFailedAttemptToo) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.retry = {.attempts = 1}}})};
  rig.broker.append(0, order("a"));
  rig.settle();
  deferred.pending[0].fail("");
  rig.settle();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "its Completion said that it failed, and no reason");
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(Completing, NeverIsAFailedAttemptOnceItIsDestroyed) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s}}}})};
  rig.broker.append(0, order("a"));
  rig.settle();
  deferred.pending.clear();
  rig.settle();
  rig.advance(2s);
  ASSERT_EQ(deferred.pending.size(), 1) << "tried again";
  deferred.pending.clear();
  rig.settle();
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_THAT(rig.failures[0].reason, HasSubstr("destroyed without having been called"));
}

TEST(Completing, NotInTimeIsAFailedAttemptAndALateCallChangesNothing) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .jitter = 0}}, .timeout = 30s}})};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(30s - 1ms);
  EXPECT_EQ(rig.counters().retries, 0);
  rig.advance(1ms);
  EXPECT_EQ(rig.counters().retries, 1);
  deferred.pending[0]();  // of the first attempt
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.advance(1s);
  ASSERT_EQ(deferred.pending.size(), 2);
  rig.advance(29s);
  EXPECT_TRUE(rig.failures.empty()) << "the second attempt has all of its time";
  rig.advance(1s);
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "it wasn't completed within 30000 ms");
  deferred.pending[1]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.counters().held, 1);
}

TEST(Completing, MayTakeForEverWhereTheTimeoutIsNone) {
  Deferred deferred;
  Rig rig{deferred.group({.policy = {.timeout = 0ms}})};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(24h * 365);
  EXPECT_EQ(rig.engine().next_due(), std::nullopt);
  deferred.pending[0]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Completing, ByTheDefaultMustHappenWithinFiveMinutes) {
  Deferred deferred;
  Rig rig{deferred.group()};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(5min - 1ms);
  EXPECT_EQ(rig.counters().retries, 0);
  rig.advance(1ms);
  EXPECT_EQ(rig.counters().retries, 1);
}

TEST(Completing, FindsBodyAndMessageAliveThoughTheBatchIsGone) {
  const Order* body = nullptr;
  const Message* message = nullptr;
  std::vector<Completion> pending;
  HandlerGroup group;
  group.on<Order>([&](const Order& order, const Message& raw, Completion completion) {
    body = &order;
    message = &raw;
    pending.push_back(std::move(completion));
  });
  Rig rig{std::move(group)};
  testing::Logged sent = order("a text that is too long for the string's own place", "a key");
  sent.headers = {{"trace", "abc"}};
  rig.broker.append(0, sent);
  rig.settle();
  EXPECT_EQ(rig.broker.unreleased_batches(), 0);
  EXPECT_EQ(body->id, "a text that is too long for the string's own place");
  EXPECT_EQ(message->payload(), sent.payload);
  EXPECT_EQ(message->key(), "a key");
  EXPECT_EQ(message->topic(), "orders");
  EXPECT_EQ(message->header("trace"), "abc");
  pending[0]();
  rig.settle();
}

TEST(Completing, OfAHandlerThatThrowsIsNoAnswerOfItsOwn) {
  int calls = 0;
  std::vector<Completion> kept;
  HandlerGroup group;
  group.on<Order>([&](const Order&, Completion completion) {
    kept.push_back(std::move(completion));
    if (++calls == 1) throw Busy{"after it gave its Completion away"};
  });
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.settle();
  kept[0]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0) << "the attempt has failed";
  rig.settle_all();
  ASSERT_EQ(kept.size(), 2);
  kept[1]();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
}

TEST(Completing, AfterTheListenerIsGoneIsHarmless) {
  Deferred deferred;
  {
    Rig rig{deferred.group()};
    rig.broker.append(0, order("a"));
    rig.settle();
  }
  deferred.pending[0]();
}

}  // namespace
}  // namespace dispytch::listen
