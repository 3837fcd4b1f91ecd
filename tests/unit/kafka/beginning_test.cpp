// Where a group begins in a partition without a position. No broker.
#include <cstdint>

#include "beginning.hpp"

#include <gtest/gtest.h>

namespace dispytch::kafka {
namespace {

const KnownAtOpening kNamed{.named = {"t"}, .there = {{"t", 3}}};
const KnownAtOpening kByPattern{.there = {{"t", 3}}};

TEST(Beginning, IsCarriedByTheMetadataOfACommit) {
  for (const std::int32_t partitions : {0, 1, 2'000'000}) EXPECT_EQ(beginning_of(text_of_beginning(partitions)), partitions);
  for (const char* text : {"", "dispytch", "dispytch: began with ", "dispytch: began with  partitions", "dispytch: began with x partitions",
                           "dispytch: began with -1 partitions", "dispytch: began with 99999999999 partitions", "3"}) {
    EXPECT_EQ(beginning_of(text), std::nullopt) << text;
  }
}

TEST(Beginning, OfANewGroupIsWithWhatThereWasWhenItOpened) {
  EXPECT_EQ(beginning("t", {}, kNamed, false, 5), 3) << "two came since";
  EXPECT_EQ(beginning("t", {}, kByPattern, false, 5), 3);
}

TEST(Beginning, IsWhatAnyPositionOfTheTopicSays) {
  EXPECT_EQ(beginning("t", {{"t", {{1, {.offset = 7, .beginning = 2}}}}}, kNamed, false, 5), 2);
  EXPECT_EQ(beginning("t", {{"t", {{0, {.offset = 7, .beginning = 4}}, {1, {.offset = 7, .beginning = 2}}}}}, kNamed, true, 5), 2)
      << "the least: twice rather than never";
}

TEST(Beginning, IsUnknownWhereAnotherClientCommitted) {
  EXPECT_EQ(beginning("t", {{"t", {{1, {.offset = 7}}}}}, kNamed, false, 3), 3);
  EXPECT_EQ(beginning("t", {{"t", {{1, {.offset = 7}}}}}, kByPattern, false, 3), 3);
}

TEST(Beginning, OfATopicMadeAnewIsBeforeItsFirstPartition) {
  EXPECT_EQ(beginning("t", {}, kNamed, true, 3), 0);
  EXPECT_EQ(beginning("t", {}, kByPattern, true, 3), 0);
}

TEST(Beginning, OfATopicThatAPatternFindsIsBeforeItsFirstPartitionUnlessTheGroupIsNew) {
  EXPECT_EQ(beginning("new", {}, kByPattern, false, 1), 0) << "it wasn't there at the opening";
  EXPECT_EQ(beginning("t", {}, {.there = {{"t", 3}}, .group_had_positions = true}, false, 3), 0) << "it appeared while nobody ran";
  EXPECT_EQ(beginning("t", {}, {.named = {"t"}, .there = {{"t", 3}}, .group_had_positions = true}, false, 3), 3) << "named anew";
}

}  // namespace
}  // namespace dispytch::kafka
