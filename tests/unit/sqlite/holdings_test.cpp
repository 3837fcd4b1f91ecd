#include "holdings.hpp"

#include <cstdint>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Taken taken(std::int64_t partition, std::int64_t next = 0, std::int64_t epoch = 1) {
  return {.position = {.partition = partition, .next = next, .owner = 1, .epoch = epoch},
          .topic = std::make_shared<const std::string>("orders"),
          .number = static_cast<std::int32_t>(partition),
          .bounds = {0, 100}};
}

class HoldingsTest : public ::testing::Test {
 protected:
  struct Event {
    std::uint32_t kind = ~0u;
    std::vector<std::int32_t> partitions = {};
    std::uint64_t token = 0;
    std::string text = {};
    std::int64_t deadline_ms = 0;
  };
  Event event() {
    plugin::BatchOut out;
    holdings.take_event(out, now);
    const std::unique_ptr<const dispytch_batch, decltype(&plugin::detail::Batch::release)> batch{out.take(),
                                                                                                 plugin::detail::Batch::release};
    Event event;
    if (batch == nullptr) return event;
    event = {.kind = batch->kind,
             .token = batch->event_token,
             .text = std::string{plugin::view(batch->text)},
             .deadline_ms = batch->deadline_ms};
    for (std::uint32_t i = 0; i < batch->n_sources; ++i) event.partitions.push_back(batch->sources[i].partition);
    return event;
  }
  void assign(std::int64_t partition, std::int64_t next = 0, std::int64_t epoch = 1) {
    holdings.assigned({taken(partition, next, epoch)});
    EXPECT_EQ(holdings.settle_event(event().token), Holdings::Settled::done);
  }
  Readable only() {
    const auto all = holdings.readable();
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }
  std::uint64_t token(const Readable& source, std::int64_t offset) { return message_token(token_base(source.slot, source.serial), offset); }

  Holdings holdings{true, true};
  nanoseconds now{seconds{100}};
};

TEST_F(HoldingsTest, AreReadOnceTheirAssignmentIsAcknowledged) {
  holdings.assigned({taken(1), taken(2)});
  const Event assigned = event();
  EXPECT_EQ(assigned.kind, static_cast<std::uint32_t>(DISPYTCH_ASSIGNED));
  EXPECT_THAT(assigned.partitions, ElementsAre(1, 2));
  EXPECT_TRUE(holdings.readable().empty());
  EXPECT_EQ(holdings.settle_event(assigned.token), Holdings::Settled::done);
  EXPECT_EQ(holdings.readable().size(), 2u);
  EXPECT_EQ(holdings.settle_event(assigned.token), Holdings::Settled::stale);
}

TEST_F(HoldingsTest, SayThatThereIsNothingOnceAfterJoining) {
  EXPECT_EQ(event().kind, ~0u);
  holdings.joined();
  const Event nothing = event();
  EXPECT_EQ(nothing.kind, static_cast<std::uint32_t>(DISPYTCH_ASSIGNED));
  EXPECT_TRUE(nothing.partitions.empty());
  EXPECT_EQ(event().kind, ~0u);
}

TEST_F(HoldingsTest, SettleUpToAMessageOnceAndOnlyWhatWasDelivered) {
  assign(1);
  const Readable source = only();
  EXPECT_FALSE(holdings.settle_up_to(token(source, 0))) << "nothing was delivered";
  EXPECT_TRUE(holdings.delivered(source, 10));
  EXPECT_TRUE(holdings.settle_up_to(token(source, 4)));
  EXPECT_FALSE(holdings.settle_up_to(token(source, 4)));
  EXPECT_FALSE(holdings.settle_up_to(token(source, 2)));
  EXPECT_FALSE(holdings.settle_up_to(token(source, 10)));
  const auto held = holdings.held(now);
  EXPECT_EQ(held.at(0).position.next, 5);
  EXPECT_TRUE(held.at(0).dirty);
  holdings.stored(held.at(0).position);
  EXPECT_FALSE(holdings.has_dirty());
}

TEST_F(HoldingsTest, LeaveWhenRevokingIsAcknowledged) {
  assign(1);
  const Readable source = only();
  holdings.delivered(source, 10);
  holdings.revoke({1}, now, seconds{60});
  const Event revoking = event();
  EXPECT_EQ(revoking.kind, static_cast<std::uint32_t>(DISPYTCH_REVOKING));
  EXPECT_EQ(revoking.deadline_ms, 60'000);
  EXPECT_TRUE(holdings.readable().empty()) << "nothing more is delivered";
  EXPECT_TRUE(holdings.settle_up_to(token(source, 3))) << "what is settled meanwhile counts";
  EXPECT_FALSE(holdings.has_leaving(now));
  EXPECT_EQ(holdings.settle_event(revoking.token), Holdings::Settled::released);
  EXPECT_TRUE(holdings.has_leaving(now));
  EXPECT_FALSE(holdings.settle_up_to(token(source, 5)));
  holdings.left(holdings.held(now).at(0).position);
  EXPECT_TRUE(holdings.empty());
  const Event nothing = event();
  EXPECT_TRUE(nothing.partitions.empty()) << "what the host has given up itself is no news";
  EXPECT_EQ(nothing.text, "");
}

TEST_F(HoldingsTest, AreLostWhereTheyAreNotGivenUpInTime) {
  assign(1);
  holdings.revoke({1}, now, seconds{60});
  event();
  EXPECT_EQ(holdings.next_deadline(), now + seconds{60});
  now += seconds{60};
  ASSERT_TRUE(holdings.has_leaving(now));
  holdings.left(holdings.held(now).at(0).position);
  const Event lost = event();
  EXPECT_EQ(lost.kind, static_cast<std::uint32_t>(DISPYTCH_LOST));
  EXPECT_THAT(lost.text, HasSubstr("rebalance_timeout"));
}

TEST_F(HoldingsTest, ThatTheHostHasNeverHeardOfGoWithoutAWord) {
  holdings.assigned({taken(1)});
  holdings.revoke({1}, now, seconds{60});
  EXPECT_EQ(event().kind, ~0u);
  EXPECT_TRUE(holdings.has_leaving(now));
  holdings.left(holdings.held(now).at(0).position);
  EXPECT_TRUE(holdings.empty());
  EXPECT_EQ(event().kind, ~0u);
}

TEST_F(HoldingsTest, OfAnotherEpochAreNotMeantByWhatWasStored) {
  assign(1, 0, 2);
  holdings.delivered(only(), 10);
  holdings.settle_up_to(token(only(), 3));
  holdings.stored({.partition = 1, .next = 4, .owner = 1, .epoch = 1});
  EXPECT_TRUE(holdings.has_dirty());
  holdings.left({.partition = 1, .next = 4, .owner = 1, .epoch = 1});
  EXPECT_FALSE(holdings.empty());
}

TEST_F(HoldingsTest, ThatComeBackAreOtherSourcesWithOtherTokens) {
  assign(1);
  const Readable before = only();
  holdings.delivered(before, 10);
  holdings.lost({1}, {.code = DISPYTCH_EFENCED, .text = "gone"});
  EXPECT_EQ(event().text, "gone");
  assign(1, 0, 2);
  const Readable after = only();
  EXPECT_NE(after.source, before.source);
  holdings.delivered(after, 10);
  EXPECT_FALSE(holdings.settle_up_to(token(before, 3)));
  EXPECT_FALSE(holdings.delivered(before, 20));
  EXPECT_TRUE(holdings.settle_up_to(token(after, 3)));
}

TEST_F(HoldingsTest, GoOnElsewhereAfterASeekAndStoreNothingByIt) {
  assign(1, 50);
  Readable source = only();
  holdings.delivered(source, 60);
  const std::uint64_t stale = token(source, 55);
  EXPECT_TRUE(holdings.seek(source.source, 10));
  EXPECT_FALSE(holdings.settle_up_to(stale));
  EXPECT_FALSE(holdings.has_dirty());
  source = only();
  EXPECT_EQ(source.next, 10);
  holdings.delivered(source, 20);
  EXPECT_TRUE(holdings.settle_up_to(token(source, 12)));
  EXPECT_EQ(holdings.held(now).at(0).position.next, 13);
  EXPECT_TRUE(holdings.seek(source.source, 1000));
  EXPECT_TRUE(holdings.readable().empty()) << "no further than the end";
  EXPECT_FALSE(holdings.seek(4711, 0));
}

TEST_F(HoldingsTest, ArePausedOneByOne) {
  holdings.assigned({taken(1), taken(2)});
  holdings.settle_event(event().token);
  EXPECT_TRUE(holdings.pause(holdings.readable()[0].source, true));
  EXPECT_EQ(only().partition, 2);
  EXPECT_FALSE(holdings.pause(4711, true));
}

TEST_F(HoldingsTest, SayHowFarTheyAreBehind) {
  assign(1, 40);
  EXPECT_EQ(holdings.lag().at(0).messages, 60);
  holdings.delivered(only(), 50);
  EXPECT_EQ(holdings.lag().at(0).messages, 60);
  holdings.settle_up_to(token(only(), 44));
  EXPECT_EQ(holdings.lag().at(0).messages, 55);
  holdings.bounds(1, {90, 100});
  EXPECT_EQ(holdings.lag().at(0).messages, 10) << "what is deleted can't be read";
}

TEST_F(HoldingsTest, TellOfABrokerThatIsAwayOnceAndThatItIsBack) {
  holdings.up();
  holdings.down({.code = DISPYTCH_EUNAVAILABLE, .text = "away"});
  holdings.down({.code = DISPYTCH_EUNAVAILABLE, .text = "away, still"});
  const Event down = event();
  EXPECT_EQ(down.kind, static_cast<std::uint32_t>(DISPYTCH_DOWN));
  EXPECT_EQ(down.text, "away");
  holdings.up();
  EXPECT_EQ(event().kind, static_cast<std::uint32_t>(DISPYTCH_UP));
  EXPECT_EQ(event().kind, ~0u);
}

TEST_F(HoldingsTest, WaitUntilWhatIsSettledIsStored) {
  assign(1);
  EXPECT_TRUE(holdings.wait_until_stored(std::chrono::steady_clock::now()));
  holdings.delivered(only(), 10);
  holdings.settle_up_to(token(only(), 3));
  EXPECT_FALSE(holdings.wait_until_stored(std::chrono::steady_clock::now()));
  holdings.stored(holdings.held(now).at(0).position);
  EXPECT_TRUE(holdings.wait_until_stored(std::chrono::steady_clock::now()));
}

TEST(Tokens, TellSlotSerialAndOffset) {
  const std::uint64_t token = message_token(token_base(3, 7), (std::int64_t{1} << 36) + 5);
  EXPECT_EQ(slot_of(token), 3u);
  EXPECT_EQ(serial_of(token), 7u);
  EXPECT_EQ(offset_of(token, (std::int64_t{1} << 36) + 10), (std::int64_t{1} << 36) + 5);
  EXPECT_FALSE(is_event(token));
  EXPECT_TRUE(is_event(event_token(1)));
  EXPECT_EQ(next_serial(kMaxSerial), 1u);
}

}  // namespace
}  // namespace dispytch::sqlite
