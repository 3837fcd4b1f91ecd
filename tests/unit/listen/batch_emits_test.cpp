// What a handler of batches emits by its Context belongs to the whole batch.
#include <cstdint>

#include "unit/listen/rig.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// Counts what came and emits one event for all of it, as an aggregate does.
struct Aggregate {
  std::vector<std::size_t> sizes = {};
  std::vector<std::uint32_t> attempts = {};
  HandlerGroup group(BatchOptions options = {.max = 3, .policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .jitter = 0}}}}) {
    HandlerGroup made;
    made.on_batch<Order>(
        [this](Batch<Order>& orders, Context context) {
          sizes.push_back(orders.size());
          attempts.push_back(context.attempt());
          for (auto& order : orders) {
            if (order.body.id == "bad") order.outcome(dead_letter("bad"));
            if (order.body.id == "busy") order.fail("busy");
          }
          context.emit(Shipped{std::to_string(orders.size())});
        },
        std::move(options));
    return made;
  }
};

TEST(BatchEmits, SettleTheirBatchOnlyOnceTheyAreConfirmed) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.emitter = true}};
  for (const char* id : {"a", "b", "c", "behind"}) rig.broker.append(0, order(id));
  for (const char* id : {"d", "e", "f"}) rig.broker.append(1, order(id));
  rig.settle();
  EXPECT_THAT(aggregate.sizes, ElementsAre(3, 3)) << "what is behind in the lane waits, the other lane doesn't";
  EXPECT_EQ(rig.emits.sent.size(), 2);
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.counters().handled, 0);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 3);
  EXPECT_EQ(rig.broker.committed(1), 3);
  rig.advance(50ms);
  EXPECT_THAT(aggregate.sizes, ElementsAre(3, 3, 1));
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 4);
  EXPECT_EQ(rig.counters().handled, 7);
}

TEST(BatchEmits, HoldNoWorker) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.workers = 1, .emitter = true}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  for (const char* id : {"d", "e", "f"}) rig.broker.append(1, order(id));
  rig.settle_with_workers();
  EXPECT_THAT(aggregate.sizes, ElementsAre(3, 3)) << "the worker takes the second batch while the first waits";
  EXPECT_EQ(rig.counters().handled, 0);
  rig.answer_emits();
  rig.settle_with_workers();
  EXPECT_EQ(rig.counters().handled, 6);
  EXPECT_EQ(rig.broker.committed(0), 3);
  EXPECT_EQ(rig.broker.committed(1), 3);
}

TEST(BatchEmits, ThatFailAreAFailedAttemptOfEachMessageOfTheBatch) {
  for (const std::size_t workers : {0U, 1U}) {
    Aggregate aggregate;
    Rig rig{aggregate.group(), {.workers = workers, .emitter = true}};
    rig.emits.report_text = "no leader";
    for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
    rig.settle_with_workers();
    rig.answer_emits(DISPYTCH_EUNAVAILABLE);
    rig.settle_with_workers();
    EXPECT_EQ(rig.broker.committed(0), 0);
    for (int i = 0; i < 3; ++i) {  // each by itself, behind the one before it
      rig.clock.advance(1s);
      rig.settle_with_workers();
      rig.answer_emits(i == 0 ? DISPYTCH_EUNAVAILABLE : DISPYTCH_OK);
      rig.settle_with_workers();
    }
    EXPECT_THAT(aggregate.attempts, ElementsAre(1, 2)) << "the first has used up its attempts and is held, with its lane";
    ASSERT_EQ(rig.failures.size(), 1);
    EXPECT_EQ(rig.failures[0].reason, "what it emitted was not stored: no leader");
    EXPECT_EQ(rig.counters().held, 1);
  }
}

TEST(BatchEmits, AreAwaitedByAMessageThatIsTriedAgainByItself) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  rig.advance(50ms);
  rig.answer_emits(DISPYTCH_EUNAVAILABLE);
  rig.settle();
  rig.advance(1s);
  EXPECT_THAT(aggregate.attempts, ElementsAre(1, 2));
  EXPECT_EQ(rig.broker.committed(0), 0);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 1);
  EXPECT_EQ(rig.counters().handled, 1);
}

// A message that failed by itself is dealt with as the batch comes back, and what the others say of themselves waits.
TEST(BatchEmits, LeaveEachMessageItsOwnOutcome) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.dead_letters = true, .emitter = true}};
  for (const char* id : {"bad", "a", "busy"}) rig.broker.append(0, order(id));
  rig.settle();
  EXPECT_TRUE(rig.dead_letters.letters.empty()) << "not before the emits are confirmed";
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.dead_letters.letters.size(), 1);
  EXPECT_EQ(rig.broker.committed(0), 2);
  EXPECT_EQ(rig.counters().waiting, 1) << "the last one is tried again";
}

TEST(BatchEmits, AreAwaitedByARevocation) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.emitter = true}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  rig.broker.revoke({0});
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1"));
  rig.answer_emits();
  rig.settle();
  EXPECT_THAT(rig.broker.calls(), ElementsAre("assigned 0,1", "commit 0@3", "sync", "revoked 0"));
}

TEST(BatchEmits, AreFencedWhereTheirPartitionIsLost) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.emitter = true}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  rig.broker.lose({0});
  rig.settle();
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(rig.broker.committed(0), 0);
  EXPECT_EQ(rig.counters().fenced, 3);
  EXPECT_EQ(rig.engine().unfinished(), 0);
}

TEST(BatchEmits, ThatNeverEndOutliveTheDrain) {
  Aggregate aggregate;
  Rig rig{aggregate.group(), {.emitter = true, .drain = 1s}};
  for (const char* id : {"a", "b", "c"}) rig.broker.append(0, order(id));
  rig.settle();
  rig.engine().begin_drain();
  EXPECT_FALSE(rig.engine().drain_step(0ms));
  rig.clock.advance(2s);
  EXPECT_TRUE(rig.engine().drain_step(0ms));
  (void)rig.engine().end_drain();
  EXPECT_EQ(rig.engine().still_running(), 3);
  rig.destroy_engine();
  rig.answer_emits();  // nobody is there any more
  EXPECT_EQ(rig.broker.committed(0), 0);
}

// A handler that throws has failed, whatever it emitted.
TEST(BatchEmits, AreOfNoMatterWhereTheHandlerThrows) {
  int calls = 0;
  HandlerGroup group;
  group.on_batch<Order>(
      [&](Batch<Order>&, Context context) {
        context.emit(Shipped{"x"});
        if (++calls == 1) throw Busy{"busy"};
      },
      {.max = 1, .policy = {.retry = {.attempts = 2, .backoff = {.initial = 1s, .jitter = 0}}}});
  Rig rig{std::move(group), {.emitter = true}};
  rig.broker.append(0, order("a"));
  rig.settle();
  EXPECT_EQ(rig.counters().waiting, 1);
  rig.answer_emits();
  rig.advance(1s);
  rig.answer_emits();
  rig.settle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rig.broker.committed(0), 1);
}

}  // namespace
}  // namespace dispytch::listen
