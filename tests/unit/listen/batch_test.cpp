// Handlers that take several messages at once.
#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// What came in which batch.
using Batches = std::vector<std::vector<std::string>>;

std::vector<std::string> ids(const Batch<Order>& batch) {
  std::vector<std::string> made;
  for (const auto& order : batch) made.push_back(order.body.id);
  return made;
}

HandlerGroup noting(Batches& batches, BatchOptions options = {.max = 3, .wait = 50ms}) {
  HandlerGroup group;
  group.on_batch<Order>([&batches](Batch<Order>& orders) { batches.push_back(ids(orders)); }, std::move(options));
  return group;
}

// Whether the start refuses a group, and how.
std::string refusal(HandlerGroup group, handle::Surroundings surroundings = {}) {
  try {
    const Providers providers;
    (void)route::wire({std::move(group)}, providers, {}, surroundings);
  } catch (const Exception& exception) {
    return exception.what();
  }
  return "";
}

TEST(Batches, HaveUpToMaxMessagesInTheirOrderWithoutWaitingWhereThereAreEnough) {
  Batches batches;
  Rig rig{noting(batches)};
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("d", "e", "f")));
  EXPECT_EQ(rig.engine().unfinished(), 1);
  rig.advance(50ms);
  EXPECT_THAT(batches.back(), ElementsAre("g"));
  EXPECT_EQ(rig.counters().handled, 7);
  EXPECT_EQ(rig.broker.committed(0), 7);
}

TEST(Batches, TakeWhatThereIsOnceTheirFirstMessageHasWaited) {
  Batches batches;
  Rig rig{noting(batches)};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(30ms);
  rig.broker.append(1, order("b"));
  rig.settle();
  rig.advance(19ms);
  EXPECT_THAT(batches, IsEmpty());
  EXPECT_EQ(rig.engine().next_attempt_due(), rig.clock.monotonic() + 1ms);
  EXPECT_EQ(rig.engine().unfinished_for(0ns, 1).front().waits_for, "company: its batch");
  rig.advance(1ms);
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b")));
  EXPECT_EQ(rig.engine().next_attempt_due(), std::nullopt);
}

TEST(Batches, ThatDoNotWaitAreWhatOnePollBrought) {
  Batches batches;
  Rig rig{noting(batches, {.max = 10, .wait = 0ms})};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b", "c")));
}

TEST(Batches, GatherOverLanesAndWithinALaneOnlyWhatFollowsOneAnother) {
  std::vector<std::string> seen;
  HandlerGroup group;
  group.on_batch<Order>([&](Batch<Order>& orders) { seen.push_back("batch of " + std::to_string(orders.size())); },
                        {.max = 4, .wait = 0ms});
  group.on<Shipped>([&](const Shipped& shipped) { seen.push_back("shipped " + shipped.id); }, {.topic = "orders"});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, {.topic = "orders", .payload = R"({"id":"e","type":"shipped","body":{"id":"s"},"timestamp":1})"});
  rig.broker.append(0, order("b"));
  rig.broker.append(1, order("c"));
  rig.settle();
  EXPECT_THAT(seen, ElementsAre("batch of 2", "shipped s", "batch of 1"));
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(Batches, GiveEachItemWithAllThatCameWithIt) {
  HandlerGroup group;
  std::string seen;
  group.on_batch<Order>(
      [&](const Batch<Order>& orders) {
        const auto& first = orders[0];
        seen = first.id + " " + first.type + " " + first.topic + " " + first.key.value_or("none") + " " + std::to_string(first.partition) +
               "@" + std::to_string(first.offset) + " attempt " + std::to_string(first.attempt);
      },
      {.max = 1});
  Rig rig{std::move(group)};
  rig.broker.append(1, order("a", "k"));
  rig.settle();
  EXPECT_EQ(seen, "e order orders k 1@0 attempt 1");
}

TEST(ItemsOfABatch, ThatFailAreTriedAgainByThemselvesAndTheirNeighboursAreNot) {
  Batches batches;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        batches.push_back(ids(orders));
        for (auto& order : orders) {
          if (order.body.id.starts_with("bad") && order.attempt < 3) order.fail("not yet");
        }
      },
      {.max = 4, .policy = {.retry = {.attempts = 3, .backoff = {.initial = 100ms, .jitter = 0}}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("bad 1"));
  rig.broker.append(0, order("b"));
  rig.broker.append(1, order("bad 2"));
  rig.settle();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "bad 1", "b", "bad 2")));
  EXPECT_EQ(rig.counters().handled, 2);
  EXPECT_EQ(rig.broker.committed(0), 1) << "the mark waits for what failed";
  rig.settle_all();
  EXPECT_EQ(rig.counters().handled, 4);
  EXPECT_EQ(batches.size(), 5);
  for (std::size_t i = 1; i < batches.size(); ++i) EXPECT_EQ(batches[i].size(), 1);
  EXPECT_EQ(rig.broker.committed(0), 3);
}

TEST(ItemsOfABatch, ThatFailedBehindOneOfTheirLaneWaitForItAndNoLongerThanTheirOwnWait) {
  std::vector<std::string> tries;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        for (auto& order : orders) {
          tries.push_back(order.body.id + std::to_string(order.attempt));
          if (order.attempt < (order.body.id == "a" ? 3U : 2U)) order.fail("not yet");
        }
      },
      {.max = 2, .policy = {.retry = {.attempts = 3, .backoff = {.initial = 100ms, .factor = 1, .jitter = 0}}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("b"));
  rig.settle();
  rig.advance(100ms);
  EXPECT_THAT(tries, ElementsAre("a1", "b1", "a2"));
  rig.advance(100ms);
  EXPECT_THAT(tries, ElementsAre("a1", "b1", "a2", "a3", "b2")) << "b has waited meanwhile";
  EXPECT_EQ(rig.counters().handled, 2);
  EXPECT_EQ(rig.counters().retries, 3);
}

TEST(ItemsOfABatch, HaveEachAnOutcomeOfTheirOwn) {
  HandlerGroup group;
  int calls = 0;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        if (++calls > 1) return;
        orders[0].outcome(drop("of no use"));
        orders[1].outcome(dead_letter("never"));
        orders[2].outcome(retry_after(1s));
        orders[3].outcome(unavailable());
        orders[4].fail("first");
        orders[4].outcome(done());
      },
      {.max = 5, .policy = {.retry = {.backoff = {.initial = 100ms, .jitter = 0}}}});
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::none}, .dead_letters = true}};
  for (const char* id : {"drop", "letter", "after", "away", "done"}) rig.broker.append(0, order(id, id));
  rig.settle();
  EXPECT_EQ(rig.counters().dropped, 1);
  EXPECT_EQ(rig.counters().dead_lettered, 1);
  EXPECT_EQ(rig.counters().handled, 1) << "the last word counts";
  EXPECT_EQ(rig.counters().waiting, 2);
  rig.advance(100ms);
  rig.advance(50ms);
  EXPECT_EQ(rig.counters().handled, 2) << "what was away has gathered anew";
  rig.settle_all();
  EXPECT_EQ(rig.counters().handled, 3);
  EXPECT_EQ(rig.broker.committed(0), 5);
}

TEST(ItemsOfABatch, AreFilteredByTheirException) {
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        for (auto& order : orders) {
          try {
            if (order.body.id == "busy" && order.attempt == 1) throw Busy{"busy"};
            if (order.body.id == "bad") throw std::logic_error{"bad"};
          } catch (...) {
            order.fail(std::current_exception());
          }
          if (order.body.id == "nothing" && order.attempt == 1) order.fail(std::current_exception());
        }
      },
      {.max = 3, .policy = {.retry = {.only = exceptions<Busy>}}});
  Rig rig{std::move(group), {.delivery = {.ordering = Ordering::none}, .dead_letters = true}};
  for (const char* id : {"busy", "bad", "nothing"}) rig.broker.append(0, order(id, id));
  rig.settle();
  EXPECT_EQ(rig.counters().dead_lettered, 1);
  ASSERT_EQ(rig.failures.size(), 1);
  EXPECT_EQ(rig.failures[0].reason, "std::logic_error: bad");
  EXPECT_EQ(rig.counters().waiting, 2) << "a failure without an exception is tried again too";
  rig.settle_all();
  EXPECT_EQ(rig.counters().handled, 2);
}

TEST(ItemsOfABatch, ThatCanNotBeDecodedGoTheirOwnWay) {
  Batches batches;
  Rig rig{noting(batches, {.max = 4, .policy = {.on_undecodable = OnFailure::drop}})};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, {.topic = "orders", .payload = R"({"id":"e","type":"order","body":{"id":5},"timestamp":1})"});
  rig.broker.append(0, order("b"));
  rig.broker.append(0, {.topic = "orders", .payload = "{"});  // nobody knows that it is one, but there is one handler alone
  rig.broker.append(1, order("c"));
  rig.settle_all();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "c"), ElementsAre("b"))) << "what is behind it in its lane comes after it";
  EXPECT_EQ(rig.counters().handled, 3);
  EXPECT_EQ(rig.counters().dropped, 2);
  EXPECT_EQ(rig.broker.committed(0), 4);
}

TEST(ItemsOfABatch, WhoseHeadersCanNotBeReadFailWithoutTheirNeighbours) {
  Batches batches;
  Rig rig{noting(batches, {.max = 2})};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, {.topic = "orders", .payload = order_payload("b"), .headers = {{"trace", "1"}}});
  rig.broker.fail_headers(true);
  rig.settle();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a")));
  EXPECT_EQ(rig.counters().handled, 1);
  EXPECT_EQ(rig.counters().waiting, 1);
}

TEST(ItemsOfABatch, AreNotHandedOutWhereNoneCanBeDecoded) {
  int opened = 0;
  Batches batches;
  HandlerGroup group;
  group.use([&](HandlerCall next) -> HandlerCall {
    return [&, next](const Call& call) {
      ++opened;
      return next(call);
    };
  });
  group.on_batch<Order>([&](Batch<Order>& orders) { batches.push_back(ids(orders)); },
                        {.max = 1, .policy = {.on_undecodable = OnFailure::drop, .breaker = {.failures = 1}}});
  Rig rig{std::move(group)};
  rig.broker.append(0, {.topic = "orders", .payload = R"({"id":"e","type":"order","body":{"id":5},"timestamp":1})"});
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(opened, 2);
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a"))) << "and the breaker takes it for no failure";
}

TEST(ABatch, ThatThrowsFailsAllOfWhichNothingWasSaid) {
  Batches batches;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        batches.push_back(ids(orders));
        if (orders.size() == 1) return;
        orders[0].outcome(done());
        throw Busy{"busy"};
      },
      {.max = 3});
  Rig rig{std::move(group)};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle_all();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("b"), ElementsAre("c")));
  EXPECT_EQ(rig.counters().retries, 2);
  EXPECT_EQ(rig.counters().handled, 3);
}

TEST(ABatch, ThatIsUnavailableIsTriedAgainTogetherAndUsesUpNoAttempt) {
  Batches batches;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        batches.push_back(ids(orders));
        return batches.size() < 5 ? unavailable("away") : done();
      },
      {.max = 3, .policy = {.retry = {.attempts = 1}}});
  Rig rig{std::move(group)};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle_all();
  ASSERT_EQ(batches.size(), 5);
  EXPECT_THAT(batches.back(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(rig.counters().handled, 3);
}

TEST(ABatch, IsOneCallForBreakerAndRate) {
  int calls = 0;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        ++calls;
        if (orders.size() > 1 || orders[0].body.id == "a") orders[0].fail("one of them");
      },
      {.max = 2,
       .policy = {
           .retry = {.attempts = 1}, .on_failure = OnFailure::drop, .breaker = {.failures = 2, .pause = 1s}, .rate = {.per_second = 10}}});
  Rig rig{std::move(group)};
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(rig.counters().waiting, 1);
  rig.advance(100ms);
  EXPECT_EQ(calls, 2);
  rig.advance(100ms);
  EXPECT_EQ(calls, 3) << "the breaker takes a batch of which something went well for a good one";
  EXPECT_EQ(rig.counters().dropped, 3);
  EXPECT_EQ(rig.counters().handled, 3);
}

TEST(ABatch, HasOneScopeAndItsMiddlewareSeesAllOfIt) {
  std::vector<std::string> log;
  struct Session {
    explicit Session(std::vector<std::string>& of) : log{of} { log.emplace_back("open"); }
    ~Session() { log.emplace_back("close"); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    std::vector<std::string>& log;
  };
  HandlerGroup group;
  group.use([&](HandlerCall next) -> HandlerCall {
    return [&, next](const Call& call) {
      log.push_back(std::to_string(call.messages().size()) + " for " + std::string{call.handler()});
      return next(call);
    };
  });
  group.on_batch<Order>(
      [&](Session&, Batch<Order>& orders, Named<"suffix", const std::string> suffix) { log.push_back(orders[1].body.id + *suffix); },
      {.max = 2});
  Rig rig{std::move(group)};
  const std::string suffix = "!";
  rig.providers.lend("suffix", suffix);
  rig.providers.add_factory<Session>({}, Providers::Lifetime::call, [&log] { return std::make_unique<Session>(log); });
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("b"));
  rig.settle();
  EXPECT_THAT(log, ElementsAre("open", "2 for order on orders", "b!", "close"));
}

TEST(Batches, AreHandledByWorkersSideBySideAndNotTwiceInALane) {
  Batches batches;
  Rig rig{noting(batches, {.max = 2, .wait = 50ms}), {.workers = 2}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  for (const char* id : {"d", "e"}) rig.broker.append(1, order(id));
  rig.settle();
  EXPECT_EQ(rig.units(), 2);
  rig.work(1);
  rig.settle();
  EXPECT_EQ(rig.units(), 1) << "c waits for a and b, which still run";
  rig.settle_with_workers();
  rig.advance(50ms);
  rig.settle_with_workers();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("d", "e"), ElementsAre("a", "b"), ElementsAre("c")));
}

TEST(Batches, ThatNoWorkerIsFreeForDoNotKeepTheListenerAwake) {
  Batches batches;
  Rig rig{noting(batches, {.max = 2, .wait = 50ms}), {.workers = 1, .partitions = {0, 1, 2}}};
  for (const char* id : {"a", "b"}) rig.broker.append(0, order(id));
  for (const char* id : {"c", "d"}) rig.broker.append(1, order(id));
  rig.broker.append(2, order("e"));
  rig.settle();
  rig.advance(1s);
  EXPECT_EQ(rig.units(), 2) << "one to work on, one to go on with";
  EXPECT_EQ(rig.engine().next_attempt_due(), std::nullopt);
  rig.settle_with_workers();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d"), ElementsAre("e")));
}

TEST(Batches, AreHandedOverAsTheyAreWhereABoundLetsNoMoreCome) {
  Batches batches;
  Rig rig{noting(batches, {.max = 8, .wait = 1h}), {.delivery = {.limits = {.messages = 100, .bytes = 100}}}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_FALSE(batches.empty());
  EXPECT_EQ(rig.clock.monotonic(), VirtualClock{}.monotonic());
}

TEST(Batches, LetGoOfWhatHasNotBegunWhenAPartitionIsRevoked) {
  Batches batches;
  Rig rig{noting(batches)};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_EQ(rig.engine().unfinished(), 1);
  rig.advance(50ms);
  EXPECT_THAT(batches, ElementsAre(ElementsAre("b")));
  EXPECT_EQ(rig.broker.committed(0), 0);
}

TEST(Batches, WithAWorkerLeaveOutWhatWasLetGoMeanwhile) {
  Batches batches;
  Rig rig{noting(batches, {.max = 2}), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.broker.append(1, order("b"));
  rig.settle();
  ASSERT_EQ(rig.units(), 1);
  rig.broker.revoke({0});
  rig.settle();
  rig.advance(1s);  // what stays waits for company once more
  rig.settle_with_workers();
  EXPECT_THAT(batches, ElementsAre(ElementsAre("b")));
  EXPECT_EQ(rig.engine().unfinished(), 0);
  EXPECT_THAT(rig.broker.calls(), ::testing::Contains("revoked 0"));
}

TEST(Batches, ThatOutliveALossAreFenced) {
  Batches batches;
  Rig rig{noting(batches, {.max = 2}), {.workers = 1}};
  rig.broker.append(0, order("a"));
  rig.broker.append(0, order("b"));
  rig.settle();
  rig.broker.lose({0});
  rig.settle();
  rig.settle_with_workers();
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(Batches, AreAwaitedAtTheEndAndWhatGathersIsLetGo) {
  Rig* rig_itself = nullptr;
  Batches batches;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>& orders) {
        batches.push_back(ids(orders));
        rig_itself->engine().begin_drain();
        EXPECT_FALSE(rig_itself->engine().drain_step(0ms)) << "it runs";
        EXPECT_EQ(rig_itself->engine().unfinished(), 2);
      },
      {.max = 2});
  Rig rig{std::move(group), {.workers = 1}};
  rig_itself = &rig;
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.broker.append(1, order("d"));
  rig.settle();
  rig.work();
  while (!rig.engine().drain_step(0ms)) {}
  EXPECT_TRUE(rig.engine().end_drain());
  EXPECT_THAT(batches, ElementsAre(ElementsAre("a", "b")));
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_EQ(rig.broker.committed(1), 0);
}

TEST(TheStart, RefusesBatchesThatCanNeverBe) {
  Batches batches;
  EXPECT_THAT(refusal(noting(batches, {.max = 0})), HasSubstr("handler `order on orders`: takes batches of at most 0 messages (max)"));
  EXPECT_THAT(refusal(noting(batches, {.wait = -1ms})), HasSubstr("its batches wait for less than no time (wait)"));
  EXPECT_THAT(refusal(noting(batches, {.max = 101}), {.unfinished = 100}),
              HasSubstr("takes batches of up to 101 messages (max), which never come together: its listener has at most 100 unfinished"));
  EXPECT_EQ(refusal(noting(batches, {.max = 100}), {.unfinished = 100}), "");
}

TEST(TheStart, RefusesASecondHandlerOfWhatGoesToAHandlerOfBatches) {
  Batches batches;
  const auto with = [&](auto add) {
    HandlerGroup group = noting(batches, {.name = "store"});
    add(group);
    return refusal(std::move(group));
  };
  EXPECT_EQ(with([](HandlerGroup& group) { group.on<Order>([](const Order&) {}, {.name = "one"}); }),
            "handler `store` takes batches, and `one` would get the same messages; a handler of batches is the only one of its topic and "
            "type: put one of them into a listener of its own, or write one handler that does both");
  EXPECT_THAT(with([](HandlerGroup& group) { group.on_message([](const Message&) {}, {.topic = "orders", .name = "audit"}); }),
              StartsWith("handler `store` takes batches, and `audit` would get the same messages"));
  EXPECT_THAT(with([](HandlerGroup& group) { group.on_batch<Order>([](Batch<Order>&) {}, {.name = "other"}); }),
              StartsWith("handler `store` takes batches, and `other` would get the same messages"));
  EXPECT_EQ(with([](HandlerGroup& group) { group.on<Shipped>([](const Shipped&) {}, {.topic = "orders"}); }), "") << "another type";
  EXPECT_EQ(with([](HandlerGroup& group) { group.on<Order>([](const Order&) {}, {.topic = "elsewhere"}); }), "") << "another topic";
}

TEST(TheStart, RefusesWhatNothingProvidesForABatchToo) {
  HandlerGroup group;
  group.on_batch<Order>([](Batch<Order>&, std::string&) {});
  EXPECT_THAT(refusal(std::move(group)), HasSubstr("nothing provides its parameter of type"));
}

}  // namespace
}  // namespace dispytch::listen
