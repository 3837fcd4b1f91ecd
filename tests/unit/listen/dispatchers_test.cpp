#include "listen/dispatcher.hpp"

#include <gmock/gmock.h>

#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

using inflight::Item;
using ::testing::ElementsAre;
using ::testing::SizeIs;

HandlerGroup noting(std::vector<std::string>& handled) {
  HandlerGroup group;
  group.on<Order>([&handled](const Order& order) { handled.push_back(order.id); });
  return group;
}

TEST(InlineDispatcher, RunsWhatIsReadyOnTheThreadThatCalls) {
  std::vector<std::string> handled;
  Parts parts{noting(handled)};
  for (const char* key : {"a", "b", "a"}) parts.arrive(key);
  EXPECT_TRUE(parts.here.dispatch());
  EXPECT_THAT(handled, ElementsAre("a", "b", "a"));
  EXPECT_FALSE(parts.here.dispatch()) << "nothing is left";
}

TEST(InlineDispatcher, BeginsNothingOnceTheListenerIsOver) {
  std::vector<std::string> handled;
  Parts parts{noting(handled)};
  parts.arrive("a");
  parts.halt.drain();
  EXPECT_FALSE(parts.here.dispatch());
  EXPECT_THAT(handled, SizeIs(0));
}

class Pooled : public ::testing::Test {
 protected:
  // A worker works through a unit, and the owner hears of it.
  void work() {
    WorkUnit* const unit = parts.units.front();
    parts.units.pop_front();
    codec::Decoder decoder;
    unit->run(decoder);
    parts.inbox->run();
  }
  std::vector<std::string> handled;
  Parts parts{noting(handled), {.workers = 1}};
};

TEST_F(Pooled, HandsOutNoMoreThanItsWorkersFindReady) {
  for (const char* key : {"a", "b", "c", "d"}) parts.arrive(key);
  EXPECT_FALSE(parts.pool->dispatch());
  EXPECT_THAT(parts.units, SizeIs(2));
  EXPECT_FALSE(parts.pool->has_room());
  EXPECT_THAT(handled, SizeIs(0)) << "not on this thread";
  work();
  EXPECT_TRUE(parts.pool->has_room());
  EXPECT_EQ(parts.counters.handled, 1);
}

TEST_F(Pooled, ResultsLetTheNextOfALaneBegin) {
  parts.arrive("a");
  parts.arrive("a");
  parts.pool->dispatch();
  work();
  parts.pool->dispatch();
  work();
  EXPECT_THAT(handled, ElementsAre("a", "a"));
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
}

TEST_F(Pooled, TakesBackWhatNoWorkerHasBegun) {
  Item& item = parts.arrive("a");
  parts.pool->dispatch();
  EXPECT_EQ(item.state, Item::State::running);
  parts.pool->take_back_all();
  EXPECT_EQ(item.state, Item::State::queued);
  EXPECT_EQ(parts.in_flight.lanes().running(), 0);
  EXPECT_TRUE(parts.in_flight.lanes().any_ready());
  work();
  EXPECT_THAT(handled, SizeIs(0)) << "the worker finds nothing left to do";
}

}  // namespace
}  // namespace dispytch::listen
