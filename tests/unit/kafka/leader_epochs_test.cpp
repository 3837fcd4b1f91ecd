#include "leader_epochs.hpp"

#include <gtest/gtest.h>

namespace dispytch::kafka {
namespace {

TEST(LeaderEpochs, AreUnknownWhereTheLibraryKeepsNone) {
  LeaderEpochs epochs;
  EXPECT_EQ(epochs.settle(0), kNoEpoch);
  epochs.begin(0, kNoEpoch);
  EXPECT_EQ(epochs.settle(5), kNoEpoch);
}

TEST(LeaderEpochs, HoldUntilTheNextLeader) {
  LeaderEpochs epochs;
  epochs.begin(10, 3);
  epochs.begin(20, 3);
  epochs.begin(30, 4);
  EXPECT_EQ(epochs.settle(9), kNoEpoch) << "before what was delivered";
  EXPECT_EQ(epochs.settle(10), 3);
  EXPECT_EQ(epochs.settle(29), 3);
  EXPECT_EQ(epochs.settle(30), 4);
  EXPECT_EQ(epochs.settle(1'000), 4);
}

TEST(LeaderEpochs, OfMessagesThatComeAgainAreThoseOfTheSecondTime) {
  LeaderEpochs epochs;
  epochs.begin(10, 3);
  epochs.begin(20, 4);
  epochs.begin(15, 5);
  EXPECT_EQ(epochs.settle(14), 3);
  EXPECT_EQ(epochs.settle(15), 5);
  EXPECT_EQ(epochs.settle(20), 5);
  epochs.begin(0, 6);
  EXPECT_EQ(epochs.settle(20), 6);
}

TEST(LeaderEpochs, EndWhereTheNextMessageHasNone) {
  LeaderEpochs epochs;
  epochs.begin(10, 3);
  epochs.begin(20, kNoEpoch);
  EXPECT_EQ(epochs.settle(19), 3);
  EXPECT_EQ(epochs.settle(20), kNoEpoch);
}

}  // namespace
}  // namespace dispytch::kafka
