#include <cstdint>

#include "progress.hpp"

#include <gtest/gtest.h>

namespace dispytch::memory {
namespace {

using namespace std::chrono_literals;

// Delivers `count` messages, as a poll does.
void deliver(Progress& progress, int count) {
  for (int i = 0; i < count; ++i) {
    progress.skip_settled();
    progress.deliver();
  }
}

TEST(Progress, KeepsTheLowWaterMarkWhenSettledOutOfOrder) {
  Progress progress{10};
  deliver(progress, 3);
  EXPECT_TRUE(progress.ack(12));
  EXPECT_TRUE(progress.ack(11));
  EXPECT_EQ(progress.committed(), 10);
  EXPECT_TRUE(progress.ack(10));
  EXPECT_EQ(progress.committed(), 13);
}

TEST(Progress, AckUpToSettlesAllBefore) {
  Progress progress{0};
  deliver(progress, 5);
  EXPECT_TRUE(progress.ack(4));
  EXPECT_TRUE(progress.ack_up_to(2));
  EXPECT_EQ(progress.committed(), 3);
  EXPECT_TRUE(progress.ack(3));
  EXPECT_EQ(progress.committed(), 5);
}

TEST(Progress, RefusesWhatIsSettledAlready) {
  Progress progress{0};
  deliver(progress, 4);
  EXPECT_TRUE(progress.ack(2));
  EXPECT_FALSE(progress.ack(2));
  EXPECT_TRUE(progress.ack_up_to(1));
  EXPECT_FALSE(progress.ack(0));
  EXPECT_FALSE(progress.ack_up_to(1));
  EXPECT_EQ(progress.committed(), 3);
}

TEST(Progress, RefusesWhatWasNeverDelivered) {
  Progress progress{0};
  deliver(progress, 2);
  EXPECT_FALSE(progress.ack(2));
  EXPECT_FALSE(progress.ack_up_to(1000));
  EXPECT_EQ(progress.committed(), 0);
}

TEST(Progress, GoesOnBehindWhatWasDeleted) {
  Progress progress{0};
  deliver(progress, 4);
  EXPECT_TRUE(progress.ack(3));
  progress.deleted_before(2);
  EXPECT_EQ(progress.committed(), 2);
  EXPECT_EQ(progress.position(), 4);
  EXPECT_FALSE(progress.ack(1)) << "it is gone";
  EXPECT_TRUE(progress.ack(2));
  EXPECT_EQ(progress.committed(), 4);
  progress.deleted_before(10);
  EXPECT_EQ(progress.position(), 10);
  EXPECT_EQ(progress.committed(), 10);
  progress.deleted_before(5);
  EXPECT_EQ(progress.committed(), 10);
}

TEST(Progress, DeliversAgainWhatTheLastHolderDidNotSettle) {
  Progress progress{0};
  deliver(progress, 4);
  EXPECT_TRUE(progress.ack(0));
  EXPECT_TRUE(progress.ack(2));
  progress.rewind();
  progress.skip_settled();
  EXPECT_EQ(progress.position(), 1);
  EXPECT_EQ(progress.deliver().deliveries, 2u) << "the second delivery of this message";
  progress.skip_settled();
  EXPECT_EQ(progress.position(), 3) << "what was settled apart is not delivered again";
  EXPECT_EQ(progress.deliver().deliveries, 2u);
  EXPECT_EQ(progress.deliver().deliveries, 1u) << "a message that is new";
}

TEST(Progress, RefusesTheTokensOfMessagesNotYetDeliveredAgain) {
  Progress progress{0};
  deliver(progress, 2);
  progress.rewind();
  EXPECT_FALSE(progress.ack(0));
}

TEST(Progress, MovesOnWhenTheRestOfAnEarlierLeaseIsSettled) {
  Progress progress{0};
  deliver(progress, 3);
  EXPECT_TRUE(progress.ack(1));
  EXPECT_TRUE(progress.ack(2));
  progress.rewind();
  deliver(progress, 1);
  EXPECT_TRUE(progress.ack(0));
  EXPECT_EQ(progress.committed(), 3);
  EXPECT_EQ(progress.position(), 3);
}

TEST(Progress, SeekCommitsNothingByItself) {
  Progress progress{5};
  deliver(progress, 3);
  EXPECT_TRUE(progress.ack(5));
  progress.seek(50);
  EXPECT_EQ(progress.committed(), 6);
  EXPECT_EQ(progress.oldest_needed(), 6);
  progress.rewind();
  EXPECT_EQ(progress.position(), 6);
}

TEST(Progress, ASettlementAfterASeekCommitsTheNewPlace) {
  Progress progress{5};
  progress.seek(2);
  EXPECT_EQ(progress.oldest_needed(), 2);
  deliver(progress, 2);
  EXPECT_TRUE(progress.ack(2));
  EXPECT_EQ(progress.committed(), 3);
  EXPECT_FALSE(progress.ack(5)) << "delivered before the seek";
}

TEST(Progress, TellsOffsetsApartBeyond32Bits) {
  Progress progress{(std::int64_t{1} << 32) - 1};
  deliver(progress, 3);
  EXPECT_TRUE(progress.ack_up_to(0));
  EXPECT_EQ(progress.committed(), (std::int64_t{1} << 32) + 1);
}

TEST(Progress, KeepsWhatIsRequeuedUnsettledAndPassesOverIt) {
  Progress progress{0};
  deliver(progress, 3);
  EXPECT_TRUE(progress.requeue(1, 20ms));
  EXPECT_TRUE(progress.requeue(0, 10ms));
  EXPECT_FALSE(progress.requeue(0, 5ms)) << "it isn't out any more";
  EXPECT_FALSE(progress.ack(0));
  EXPECT_FALSE(progress.ack_up_to(1));
  EXPECT_TRUE(progress.ack(2));
  EXPECT_EQ(progress.committed(), 0);
  EXPECT_EQ(progress.next_due(), 10ms);
  EXPECT_EQ(progress.first_delayed(), 0);
  EXPECT_EQ(progress.deliver_first_delayed().deliveries, 2U) << "its second delivery";
  EXPECT_EQ(progress.next_due(), 20ms);
  EXPECT_FALSE(progress.ack(0)) << "by the delivery before";
  EXPECT_TRUE(progress.ack(0, Progress::Out::after_a_delay));
  EXPECT_EQ(progress.committed(), 1);
  EXPECT_EQ(progress.deliver_first_delayed().deliveries, 2U);
  EXPECT_EQ(progress.next_due(), std::nullopt);
  EXPECT_TRUE(progress.ack(1, Progress::Out::after_a_delay));
  EXPECT_EQ(progress.committed(), 3);
}

TEST(Progress, KeepsADelayForTheNextHolder) {
  Progress progress{0};
  deliver(progress, 2);
  EXPECT_TRUE(progress.requeue(0, 10ms));
  progress.rewind();
  progress.skip_settled();
  EXPECT_EQ(progress.position(), 1);
  EXPECT_EQ(progress.next_due(), 10ms);
  EXPECT_EQ(progress.deliver_first_delayed().deliveries, 2U);
  progress.rewind();
  progress.skip_settled();
  EXPECT_EQ(progress.position(), 0) << "it was delivered, and not settled";
  EXPECT_EQ(progress.deliver().deliveries, 3U);
}

TEST(Progress, DeliversNothingTwiceToOneHolder) {
  Progress progress{0};
  deliver(progress, 3);
  EXPECT_TRUE(progress.requeue(2, 10ms));
  progress.rewind();
  EXPECT_EQ(progress.deliver_first_delayed().deliveries, 2U) << "before those that stand before it";
  deliver(progress, 2);
  progress.skip_settled();
  EXPECT_EQ(progress.position(), 3);
  EXPECT_TRUE(progress.ack_up_to(2, Progress::Out::after_a_delay));
  EXPECT_EQ(progress.committed(), 3);
}

TEST(Progress, DelaysWhatWasNeverDelivered) {
  Progress progress{0};
  progress.delay(10ms);
  deliver(progress, 1);
  EXPECT_FALSE(progress.ack(0));
  EXPECT_TRUE(progress.ack(1));
  EXPECT_EQ(progress.committed(), 0);
  EXPECT_EQ(progress.deliver_first_delayed().deliveries, 1U) << "its first delivery";
  EXPECT_TRUE(progress.ack(0, Progress::Out::after_a_delay));
  EXPECT_EQ(progress.committed(), 2);
}

TEST(Progress, AckUpToAndSeekEndADelay) {
  Progress progress{0};
  deliver(progress, 3);
  EXPECT_TRUE(progress.requeue(0, 10ms));
  EXPECT_TRUE(progress.ack_up_to(1));
  EXPECT_EQ(progress.next_due(), std::nullopt);
  EXPECT_EQ(progress.committed(), 2);
  EXPECT_TRUE(progress.requeue(2, 10ms));
  progress.seek(2);
  EXPECT_EQ(progress.next_due(), std::nullopt);
  EXPECT_EQ(progress.deliver().deliveries, 1U);
}

}  // namespace
}  // namespace dispytch::memory
