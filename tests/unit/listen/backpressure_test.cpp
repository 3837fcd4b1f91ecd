#include <cstdint>

#include "listen/backpressure.hpp"

#include <gmock/gmock.h>

#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

using ::testing::ElementsAre;

PartsOptions bounded(policy::Limits limits) { return {.delivery = {.ordering = Ordering::key, .limits = limits}}; }

TEST(Backpressure, GivesNoMoreCreditThanOnePollMayBring) {
  Parts parts{idle_group()};
  EXPECT_EQ(parts.in_flight.backpressure().credit().messages, 4);
  EXPECT_EQ(parts.in_flight.backpressure().credit().bytes, 1024);
}

TEST(Backpressure, GivesWhatIsLeftOfTheMessages) {
  Parts parts{idle_group(), bounded({.messages = 3})};
  parts.arrive("a");
  inflight::Item& second = parts.arrive("b");
  EXPECT_EQ(parts.in_flight.backpressure().credit().messages, 1);
  parts.arrive("c");
  EXPECT_TRUE(parts.in_flight.backpressure().is_full());
  parts.begin(second);
  parts.in_flight.finish(second);
  EXPECT_EQ(parts.in_flight.backpressure().credit().messages, 1);
  EXPECT_EQ(parts.in_flight.unfinished(), 2);
}

TEST(Backpressure, GivesWhatIsLeftOfTheBytes) {
  const std::uint64_t size = order_payload("a").size() + 1;
  Parts parts{idle_group(), bounded({.bytes = size + 10})};
  parts.arrive("a");
  EXPECT_EQ(parts.in_flight.backpressure().credit().bytes, 10);
  parts.arrive("b");
  EXPECT_TRUE(parts.in_flight.backpressure().is_full());
}

TEST(Backpressure, WithholdsASourceWhoseLaneHasHadItsShareAndGivesItBack) {
  Parts parts{idle_group(), bounded({.lane = 2})};
  inflight::Item& first = parts.arrive("a");
  inflight::Item& second = parts.arrive("a");
  EXPECT_FALSE(first.source->withheld);
  parts.arrive("a");
  EXPECT_TRUE(first.source->withheld);
  EXPECT_THAT(parts.broker.calls, ElementsAre("pause 1"));
  lane::Lane& lane = parts.begin(first);
  parts.in_flight.finish(first);
  parts.in_flight.advance(lane);
  parts.in_flight.backpressure().resume_where_room();
  EXPECT_TRUE(second.source->withheld) << "a lane gets more when half of its share is free";
  parts.begin(second);
  settle::Source& source = *second.source;
  parts.in_flight.finish(second);
  parts.in_flight.advance(lane);
  parts.in_flight.backpressure().resume_where_room();
  EXPECT_FALSE(source.withheld);
  EXPECT_THAT(parts.broker.calls, ElementsAre("pause 1", "resume 1"));
}

TEST(Backpressure, ForgetsASourceThatWasGivenUp) {
  Parts parts{idle_group(), bounded({.lane = 1})};
  inflight::Item& first = parts.arrive("a");
  parts.arrive("a");
  settle::Source& source = *first.source;
  ASSERT_TRUE(source.withheld);
  parts.in_flight.backpressure().forget(source, parts.in_flight.lanes());
  EXPECT_FALSE(source.withheld);
  EXPECT_EQ(source.withheld_lanes, 0);
  EXPECT_EQ(parts.lane(first).withheld, nullptr);
}

}  // namespace
}  // namespace dispytch::listen
