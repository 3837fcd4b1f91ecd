#include <cstdint>

#include "listen/outcomes.hpp"

#include <gmock/gmock.h>

#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using inflight::Item;
using inflight::Verdict;

class Results : public ::testing::Test {
 protected:
  // A message whose handler returned, and is not done.
  Item& later() {
    Item& item = parts.arrive("a");
    parts.begin(item);
    item.verdict = Verdict::later;
    item.handler = item.routes->types.front().targets.front().handler;
    return item;
  }
  Parts parts{idle_group()};
};

TEST_F(Results, WhatEndedWellIsFinishedAndCounted) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  item.verdict = Verdict::done;
  parts.outcomes.returned(item);
  EXPECT_EQ(parts.counters.handled, 1);
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
}

TEST_F(Results, AFailureWaitsForItsNextAttempt) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  parts.fail(item);
  EXPECT_EQ(item.state, Item::State::waiting);
  EXPECT_EQ(item.attempts, 1);
  EXPECT_EQ(parts.counters.retries, 1);
  EXPECT_TRUE(parts.deadlines.next_attempt());
}

TEST_F(Results, WhatWasNotBegunReturnsToItsLane) {
  Item& item = parts.arrive("a");
  lane::Lane& lane = parts.begin(item);
  item.verdict = Verdict::none;
  parts.outcomes.returned(item);
  parts.in_flight.advance(lane);
  EXPECT_EQ(item.state, Item::State::queued);
  EXPECT_EQ(parts.in_flight.lanes().next_ready(), &lane);
}

TEST_F(Results, AnAnswerEndsTheWaitOfItsOwnAttemptAlone) {
  Item& item = later();
  const std::uint64_t serial = item.serial;
  parts.outcomes.returned(item);
  EXPECT_EQ(item.state, Item::State::awaiting);
  parts.outcomes.answered(item, serial + 100, {});
  EXPECT_EQ(parts.counters.handled, 0);
  parts.outcomes.answered(item, serial, {});
  EXPECT_EQ(parts.counters.handled, 1);
}

TEST_F(Results, AnAnswerThatOvertakesTheWorkerIsKept) {
  Item& item = later();
  parts.outcomes.answered(item, item.serial, {});
  EXPECT_EQ(parts.counters.handled, 0);
  parts.outcomes.returned(item);
  EXPECT_EQ(parts.counters.handled, 1);
}

TEST_F(Results, AHandlerThatDoesNotFinishInTimeHasFailed) {
  Item& item = later();
  parts.outcomes.returned(item);
  parts.outcomes.timed_out(item);
  EXPECT_EQ(item.state, Item::State::waiting);
  EXPECT_EQ(item.attempts, 1);
}

TEST_F(Results, WhatEndsAfterItsSourceIsGoneIsFenced) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  parts.in_flight.forget(*item.source);
  item.verdict = Verdict::done;
  parts.outcomes.returned(item);
  EXPECT_EQ(parts.counters.fenced, 1);
  EXPECT_EQ(parts.counters.handled, 0);
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
}

TEST_F(Results, AnOutageUsesUpNoAttempt) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  const handle::BoundHandler* const handler = item.routes->types.front().targets.front().handler;
  EXPECT_THAT(logged([&] {
                parts.fail(item, {.kind = inflight::HandlingFailure::Kind::unavailable, .handler = handler, .reason = "no database"});
              }),
              ::testing::HasSubstr("can't work: no database"));
  EXPECT_EQ(item.attempts, 0);
  EXPECT_EQ(item.outages, 1);
}

}  // namespace
}  // namespace dispytch::listen
