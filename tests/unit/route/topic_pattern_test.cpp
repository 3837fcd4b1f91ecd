#include "route/topic_pattern.hpp"

#include <gtest/gtest.h>

namespace dispytch::route {
namespace {

TEST(TopicPattern, WithoutSegmentsMatchesItsOwnTextAlone) {
  const TopicPattern pattern{"user.registered"};
  EXPECT_TRUE(pattern.is_exact());
  EXPECT_TRUE(pattern.matches("user.registered"));
  EXPECT_FALSE(pattern.matches("user.registered.now"));
  EXPECT_FALSE(pattern.matches("user"));
}

TEST(TopicPattern, CapturesWhatStandsAtASegment) {
  const TopicPattern pattern{"user.{user_id}.notification"};
  EXPECT_FALSE(pattern.is_exact());
  EXPECT_EQ(pattern.segment("user.42.notification", "user_id"), "42");
  EXPECT_EQ(pattern.segment("user.42.notification", "other"), std::nullopt);
  EXPECT_EQ(pattern.segment("user.42.letter", "user_id"), std::nullopt);
}

TEST(TopicPattern, ASegmentIsOnePartAndNeverEmpty) {
  const TopicPattern pattern{"user.{user_id}.notification"};
  EXPECT_FALSE(pattern.matches("user..notification"));
  EXPECT_FALSE(pattern.matches("user.4.2.notification"));
  EXPECT_FALSE(pattern.matches("user.42"));
}

TEST(TopicPattern, APlaceholdersPathMayHaveDots) {
  const TopicPattern pattern{"orders.{customer.id}"};
  EXPECT_TRUE(pattern.has_segment("customer.id"));
  EXPECT_EQ(pattern.segment("orders.7", "customer.id"), "7");
}

TEST(TopicPattern, OverlapsWhereATopicCanMatchBoth) {
  EXPECT_TRUE(TopicPattern{"user.{id}.x"}.overlaps(TopicPattern{"user.42.x"}));
  EXPECT_TRUE(TopicPattern{"{a}.x"}.overlaps(TopicPattern{"user.{b}"}));
  EXPECT_FALSE(TopicPattern{"user.{id}.x"}.overlaps(TopicPattern{"user.42.y"}));
  EXPECT_FALSE(TopicPattern{"user.{id}"}.overlaps(TopicPattern{"user.42.x"}));
}

}  // namespace
}  // namespace dispytch::route
