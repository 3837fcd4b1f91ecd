// How far a source is: what it says of the messages that are left, and which position it wants to be committed.
#include <chrono>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "progress.hpp"

namespace dispytch::kafka {
namespace {

using namespace std::chrono_literals;

class KafkaLag : public ::testing::Test {
 protected:
  void deliver(std::int64_t first, std::int64_t last) { progress.deliver(first, last, kNoEpoch); }
  void settle(std::int64_t offset) { EXPECT_TRUE(progress.settle(offset)); }
  void ends(std::int64_t offset) { progress.log_ends(offset, now); }
  std::optional<std::int64_t> lag() const { return progress.lag(now, 10s); }

  Progress progress;
  Progress::Clock::time_point now = Progress::Clock::now();
};

TEST_F(KafkaLag, IsUnknownUntilItIsKnownWhereTheSourceBeginsAndWhereItsLogEnds) {
  EXPECT_EQ(lag(), std::nullopt);
  ends(100);
  EXPECT_EQ(lag(), std::nullopt);
  progress.place(40);
  EXPECT_EQ(lag(), 60);
}

TEST_F(KafkaLag, CountsFromWhatIsSettledOrFromTheBeginning) {
  progress.place(40);
  ends(100);
  deliver(40, 80);
  EXPECT_EQ(lag(), 60) << "delivered is not settled";
  settle(49);
  EXPECT_EQ(lag(), 50);
  deliver(81, 120);
  EXPECT_EQ(lag(), 71) << "what came since the broker was asked is there, too";
  settle(120);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, IsZeroOnceAReaderHasFoundTheEndAndAllBeforeItIsSettled) {
  progress.place(0);
  ends(10);  // two marks of transactions behind the last message
  deliver(0, 7);
  progress.reached_end(10, 8);
  EXPECT_EQ(lag(), 10) << "nothing is settled";
  settle(6);
  EXPECT_EQ(lag(), 3);
  settle(7);
  EXPECT_EQ(lag(), 0);
  ends(12);
  EXPECT_EQ(lag(), 2) << "there is more by now";
  deliver(10, 10);
  settle(10);
  progress.reached_end(12, 11);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, OfALogWithoutAMessageForTheReaderIsZero) {
  progress.place(5);
  ends(9);
  EXPECT_EQ(lag(), 4);
  progress.reached_end(9, 5);
  EXPECT_EQ(lag(), 0);
}

TEST_F(KafkaLag, DoesNotTakeAnEndForReachedBeforeWhatWasTakenIsDelivered) {
  progress.place(0);
  ends(5);
  progress.reached_end(5, 5);  // all was taken from librdkafka, nothing is delivered: the poll had no room
  EXPECT_EQ(lag(), 5);
}

TEST_F(KafkaLag, IsUnknownWhereTheBrokerHasSaidNothingForLong) {
  progress.place(0);
  ends(5);
  now += 9s;
  EXPECT_EQ(lag(), 5);
  now += 2s;
  EXPECT_EQ(lag(), std::nullopt);
}

TEST_F(KafkaLag, IsUnknownAgainAfterTheLogWasMadeAnew) {
  progress.place(40);
  ends(100);
  progress.rewind();
  EXPECT_EQ(lag(), std::nullopt);
  progress.place(0);
  ends(3);
  EXPECT_EQ(lag(), 3);
}

std::optional<std::int64_t> to_commit(const Progress& progress) {
  const auto position = progress.uncommitted();
  return position ? std::optional{position->offset} : std::nullopt;
}

TEST(KafkaProgress, WantsThePositionBehindWhatIsSettledCommittedOnce) {
  Progress progress;
  progress.place(40);
  EXPECT_EQ(to_commit(progress), std::nullopt);
  progress.deliver(40, 49, 7);
  EXPECT_TRUE(progress.settle(44));
  ASSERT_EQ(to_commit(progress), 45);
  EXPECT_EQ(progress.uncommitted()->epoch, 7);
  EXPECT_FALSE(progress.settle(43)) << "settled already";
  EXPECT_TRUE(progress.settle(45));
  progress.committed(45);
  EXPECT_EQ(to_commit(progress), 46) << "the answer was about an older one";
  progress.committed(46);
  EXPECT_EQ(to_commit(progress), std::nullopt);
}

TEST(KafkaProgress, CommitsNoPositionBelowThatOfTheGroup) {
  Progress progress;
  progress.place(10);
  progress.deliver(10, 14, kNoEpoch);
  progress.place(20);  // by somebody else
  EXPECT_TRUE(progress.settle(12));
  EXPECT_EQ(to_commit(progress), std::nullopt);
  progress.deliver(5, 6, kNoEpoch);  // where it was told to go back
  EXPECT_TRUE(progress.settle(5));
  EXPECT_EQ(to_commit(progress), 6);
}

TEST(KafkaProgress, StoresWhereItBeginsOnlyWhereItIsToldTo) {
  Progress progress;
  progress.place(3);
  progress.store(3);
  EXPECT_EQ(to_commit(progress), 3);
  progress.rewind();
  EXPECT_EQ(to_commit(progress), std::nullopt);
}

}  // namespace
}  // namespace dispytch::kafka
