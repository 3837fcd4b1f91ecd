#include "topic/pattern.hpp"

#include <gtest/gtest.h>

namespace dispytch::topic {
namespace {

TEST(TopicPattern, WithoutSegmentsMatchesItsOwnTextAlone) {
  const Pattern pattern{"user.registered"};
  EXPECT_TRUE(pattern.is_exact());
  EXPECT_TRUE(pattern.matches("user.registered"));
  EXPECT_FALSE(pattern.matches("user.registered.now"));
  EXPECT_FALSE(pattern.matches("user"));
}

TEST(TopicPattern, CapturesWhatStandsAtASegment) {
  const Pattern pattern{"user.{user_id}.notification"};
  EXPECT_FALSE(pattern.is_exact());
  EXPECT_EQ(pattern.segment("user.42.notification", "user_id"), "42");
  EXPECT_EQ(pattern.segment("user.42.notification", "other"), std::nullopt);
  EXPECT_EQ(pattern.segment("user.42.letter", "user_id"), std::nullopt);
}

TEST(TopicPattern, ASegmentIsOnePartAndNeverEmpty) {
  const Pattern pattern{"user.{user_id}.notification"};
  EXPECT_FALSE(pattern.matches("user..notification"));
  EXPECT_FALSE(pattern.matches("user.4.2.notification"));
  EXPECT_FALSE(pattern.matches("user.42"));
}

TEST(TopicPattern, APlaceholdersPathMayHaveDots) {
  const Pattern pattern{"orders.{customer.id}"};
  EXPECT_TRUE(pattern.has_segment("customer.id"));
  EXPECT_EQ(pattern.segment("orders.7", "customer.id"), "7");
}

TEST(TopicPattern, OverlapsWhereATopicCanMatchBoth) {
  EXPECT_TRUE(Pattern{"user.{id}.x"}.overlaps(Pattern{"user.42.x"}));
  EXPECT_TRUE(Pattern{"{a}.x"}.overlaps(Pattern{"user.{b}"}));
  EXPECT_FALSE(Pattern{"user.{id}.x"}.overlaps(Pattern{"user.42.y"}));
  EXPECT_FALSE(Pattern{"user.{id}"}.overlaps(Pattern{"user.42.x"}));
}

}  // namespace
}  // namespace dispytch::topic
