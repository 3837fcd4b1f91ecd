#include "lane/batch_builder.hpp"

#include <chrono>

#include <dispytch/handler.hpp>

#include <gmock/gmock.h>

#include "unit/lane/some_items.hpp"

namespace dispytch::lane {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Sample {
  static constexpr auto topic = "samples";
  static constexpr auto type = "sample";
  int value = 0;
};
DISPYTCH_EVENT(Sample, value)

// A handler of batches of at most three, which waits for a second.
class Builder : public ::testing::Test {
 protected:
  Builder() {
    group_.on_batch<Sample>([](Batch<Sample>&) {}, {.max = 3, .wait = 1s});
    handler_.handler = group_.handlers().front().get();
  }
  // A lane with so many messages, whose turn it is, all of them in the batch.
  Lane& join(std::string_view key, std::size_t messages, std::chrono::nanoseconds at) {
    for (std::size_t i = 0; i < messages; ++i) some.push(lanes, key);
    Lane& lane = *lanes.next_ready();
    builder.join(lane, at);
    while (lane.gathered < lane.size && builder.add(lane)) {}
    return lane;
  }

 private:
  HandlerGroup group_;
  handle::BoundHandler handler_;

 protected:
  Lanes lanes{Ordering::key};
  SomeItems some;
  BatchBuilder builder{handler_, lanes};
};

TEST_F(Builder, IsFullWithItsMostOverAllLanes) {
  join("a", 2, 0s);
  EXPECT_FALSE(builder.full());
  join("b", 1, 0s);
  EXPECT_TRUE(builder.full());
}

TEST_F(Builder, IsDueWhenItsOldestLaneHasWaited) {
  join("a", 1, 5s);
  join("b", 1, 7s);
  EXPECT_EQ(builder.due_at(), 6s);
}

TEST_F(Builder, TakesLaneByLaneAndNoMoreThanItsMost) {
  Lane& first = join("a", 2, 0s);
  Lane& second = join("b", 3, 0s);
  std::vector<Item*> batch;
  builder.take(batch);
  EXPECT_THAT(batch, ElementsAre(first.first, first.last, second.first));
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(lanes.running(), 3);
  EXPECT_EQ(second.first->next->state, Item::State::queued) << "it takes part again once the first is back";
}

TEST_F(Builder, ALaneThatLeavesIsReadyAgain) {
  Lane& lane = join("a", 2, 0s);
  builder.leave(lane);
  EXPECT_TRUE(builder.empty());
  EXPECT_THAT(builder.waiting(), IsEmpty());
  EXPECT_EQ(lanes.next_ready(), &lane);
}

TEST_F(Builder, PassesEachMessageToBeCopiedOnce) {
  join("a", 2, 0s);
  std::size_t copied = 0;
  const auto count = [&](Item&) { ++copied; };
  builder.copy_out(count);
  EXPECT_EQ(copied, 2);
  some.push(lanes, "a");
  builder.copy_out(count);
  EXPECT_EQ(copied, 3);
}

}  // namespace
}  // namespace dispytch::lane
