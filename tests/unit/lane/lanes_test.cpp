#include "lane/lanes.hpp"

#include <gmock/gmock.h>

#include "unit/lane/some_items.hpp"

namespace dispytch::lane {
namespace {

using State = Item::State;

TEST(Lanes, KeepThePartitionInOneLane) {
  Lanes lanes{Ordering::partition};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  EXPECT_EQ(&lanes.of(first), &lanes.of(some.push(lanes, "b")));
  EXPECT_NE(&lanes.of(first), &lanes.of(some.push(lanes, "a", 1)));
  EXPECT_EQ(lanes.ready(), 2);
}

TEST(Lanes, KeepEachKeyInALaneOfItsOwn) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  EXPECT_EQ(&lanes.of(first), &lanes.of(some.push(lanes, "a")));
  EXPECT_NE(&lanes.of(first), &lanes.of(some.push(lanes, "b")));
  EXPECT_NE(&lanes.of(first), &lanes.of(some.push(lanes, "a", 1))) << "the same key of another partition";
}

TEST(Lanes, AMessageWithoutAKeyWaitsForNobody) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& first = some.make();
  Item& second = some.make();
  lanes.push(first, lanes.place("orders", 0), "", false);
  lanes.push(second, lanes.place("orders", 0), "", false);
  EXPECT_NE(&lanes.of(first), &lanes.of(second));
}

TEST(Lanes, BeginTheFirstMessageAloneAndThenTheNext) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  Item& second = some.push(lanes, "a");
  Lane* const lane = lanes.next_ready();
  ASSERT_EQ(lane, &lanes.of(first));
  EXPECT_EQ(lanes.next_ready(), nullptr) << "it has its turn once";
  lanes.begin(first);
  EXPECT_EQ(first.state, State::running);
  EXPECT_EQ(lanes.running(), 1);
  EXPECT_EQ(some.source.running, 1);
  lanes.remove(first);
  lanes.advance(*lane);
  EXPECT_EQ(lanes.running(), 0);
  EXPECT_EQ(some.source.running, 0);
  ASSERT_EQ(lanes.next_ready(), lane);
  EXPECT_EQ(lane->first, &second);
}

TEST(Lanes, AWaitingMessageBlocksItsLaneUntilItIsDue) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  Lane& lane = *lanes.next_ready();
  lanes.begin(first);
  lanes.returned(first);
  lanes.wait(first);
  some.push(lanes, "a");
  lanes.advance(lane);
  EXPECT_EQ(lanes.waiting(), 1);
  EXPECT_EQ(lanes.running(), 0) << "no worker is held";
  EXPECT_FALSE(lanes.any_ready());
  lanes.due(first);
  EXPECT_EQ(lanes.waiting(), 0);
  EXPECT_EQ(lanes.next_ready(), &lane);
  EXPECT_EQ(lane.first, &first);
}

TEST(Lanes, AMessageThatAwaitsItsAnswerStillRuns) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& item = some.push(lanes, "a");
  Lane& lane = *lanes.next_ready();
  lanes.begin(item);
  lanes.await_answer(item);
  EXPECT_EQ(item.state, State::awaiting);
  EXPECT_EQ(some.source.running, 1) << "a revocation waits for it";
  lanes.resume(item);
  EXPECT_EQ(some.source.running, 0);
  EXPECT_EQ(lane.state, Lane::State::running);
}

TEST(Lanes, ADeadLetterUnderWayCountsAsRunningAlsoOnceMore) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& item = some.push(lanes, "a");
  lanes.next_ready();
  lanes.begin(item);
  lanes.returned(item);
  lanes.begin_dead_letter(item);
  EXPECT_EQ(lanes.running(), 1);
  lanes.resume(item);
  lanes.wait(item);
  EXPECT_EQ(lanes.waiting(), 1);
  EXPECT_EQ(lanes.running(), 0);
  lanes.begin_dead_letter(item);
  EXPECT_EQ(lanes.waiting(), 0);
  EXPECT_EQ(lanes.running(), 1);
}

TEST(Lanes, CountHeldMessagesUntilTheyLeave) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& item = some.push(lanes, "a");
  some.push(lanes, "a");
  Lane& lane = *lanes.next_ready();
  lanes.begin(item);
  lanes.returned(item);
  lanes.hold(item);
  lanes.advance(lane);
  EXPECT_EQ(lanes.held(), 1);
  EXPECT_FALSE(lanes.any_ready());
  lanes.remove(item);
  lanes.first_left(lane);
  EXPECT_EQ(lanes.held(), 0);
  EXPECT_TRUE(lanes.any_ready()) << "the one behind it has its turn";
}

TEST(Lanes, AnEmptyLaneIsGivenToAnotherKey) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  Lane& lane = *lanes.next_ready();
  lanes.begin(first);
  lanes.remove(first);
  lanes.advance(lane);
  EXPECT_EQ(&lanes.of(some.push(lanes, "b")), &lane);
  EXPECT_NE(&lanes.of(some.push(lanes, "a")), &lane);
}

TEST(Lanes, ALaneWhoseMessagesAreTakenOutWhileItIsReadyHasNoTurn) {
  Lanes lanes{Ordering::key};
  SomeItems some;
  some.push(lanes, "a");
  Item& second = some.push(lanes, "b");
  some.push(lanes, "c");
  Lane& lane = lanes.of(second);
  lanes.remove(second);
  lanes.first_left(lane);
  EXPECT_EQ(lanes.ready(), 2);
  EXPECT_EQ(lanes.next_ready()->key, "a");
  EXPECT_EQ(lanes.next_ready()->key, "c");
  EXPECT_EQ(lanes.next_ready(), nullptr);
}

TEST(Lanes, TakeAMessageOutOfTheMiddle) {
  Lanes lanes{Ordering::partition};
  SomeItems some;
  Item& first = some.push(lanes, "a");
  Item& second = some.push(lanes, "a");
  Item& third = some.push(lanes, "a");
  Lane& lane = lanes.of(first);
  lanes.remove(second);
  EXPECT_EQ(first.next, &third);
  lanes.remove(third);
  EXPECT_EQ(lane.last, &first);
  EXPECT_EQ(lane.size, 1);
}

}  // namespace
}  // namespace dispytch::lane
