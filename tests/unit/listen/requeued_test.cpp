#include <cstdint>

#include "listen/requeued.hpp"

#include <gtest/gtest.h>

#include "lane/lanes.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;

Requeued::Key at(const lane::Place& place, std::int64_t offset) { return {.place = &place, .offset = offset}; }

TEST(Requeued, GivesBackWhatItRemembersOnce) {
  const lane::Place here, there;
  Requeued requeued{10};
  EXPECT_TRUE(requeued.empty());
  requeued.remember(at(here, 1), {.attempts = 3, .next_target = 2, .first_seen = 7s});
  EXPECT_FALSE(requeued.recall(at(there, 1)));
  EXPECT_FALSE(requeued.recall(at(here, 2)));
  const auto progress = requeued.recall(at(here, 1));
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->attempts, 3U);
  EXPECT_EQ(progress->next_target, 2U);
  EXPECT_EQ(progress->first_seen, 7s);
  EXPECT_FALSE(requeued.recall(at(here, 1)));
  EXPECT_TRUE(requeued.empty());
}

TEST(Requeued, ForgetsTheOldestOnceThereAreTooMany) {
  const lane::Place place;
  Requeued requeued{2};
  requeued.remember(at(place, 1), {.attempts = 1});
  requeued.remember(at(place, 2), {.attempts = 2});
  requeued.remember(at(place, 1), {.attempts = 3});
  requeued.remember(at(place, 4), {.attempts = 4});
  EXPECT_EQ(requeued.size(), 2U);
  EXPECT_FALSE(requeued.recall(at(place, 2)));
  EXPECT_EQ(requeued.recall(at(place, 1))->attempts, 3U);
  EXPECT_EQ(requeued.recall(at(place, 4))->attempts, 4U);
  Requeued none{0};
  none.remember(at(place, 1), {});
  EXPECT_TRUE(none.empty());
}

TEST(Requeued, TellsMessagesByTheirOffsetOrElseByTheBrokersId) {
  const lane::Place place;
  dispytch_message message{};
  EXPECT_FALSE(Requeued::key_of(place, message)) << "nothing tells it from others";
  message.id = {reinterpret_cast<const std::uint8_t*>("abc"), 3};
  EXPECT_EQ(Requeued::key_of(place, message), (Requeued::Key{.place = &place, .id = "abc"}));
  message.flags = DISPYTCH_MSG_OFFSET;
  message.offset = 5;
  EXPECT_EQ(Requeued::key_of(place, message), at(place, 5));
}

}  // namespace
}  // namespace dispytch::listen
