#include <cstdint>

#include "listen/endings.hpp"

#include <gmock/gmock.h>

#include "listen/describe.hpp"
#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using inflight::Item;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A message that failed, with its worker back.
Item& failed(Parts& parts) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  parts.in_flight.lanes().returned(item);
  item.failure = std::make_unique<inflight::HandlingFailure>(inflight::HandlingFailure{.reason = "why"});
  return item;
}

std::vector<std::uint64_t> settled_tokens(Parts& parts) {
  parts.tell_broker();
  std::vector<std::uint64_t> tokens;
  for (const auto& settlement : parts.broker.settled) tokens.push_back(settlement.token);
  return tokens;
}

class DeadLettering : public ::testing::Test {
 protected:
  DeadLettering() { parts.box.confirm_at_once = false; }
  // The news of another thread, which the owner takes.
  void answer(const Result<Receipt>& result) {
    parts.box.answer(result);
    parts.inbox->run();
  }
  Parts parts{idle_group(), {.dead_letters = true}};
};

TEST_F(DeadLettering, SettlesOnlyOnceTheLetterIsConfirmed) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  EXPECT_EQ(item.state, Item::State::dead_lettering);
  EXPECT_THAT(settled_tokens(parts), IsEmpty());
  answer(Receipt{});
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
  EXPECT_EQ(parts.counters.dead_lettered, 1);
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
}

TEST_F(DeadLettering, TriesALetterAgainThatWasNotStored) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  logged([&] { answer(Error{.code = ErrorCode::timeout, .text = "no answer", .retriable = true}); });
  EXPECT_EQ(item.state, Item::State::waiting);
  parts.clock.advance(1min);
  const auto due = parts.deadlines.take_due(parts.clock.monotonic());
  ASSERT_TRUE(due);
  EXPECT_EQ(due->kind, Deadlines::Kind::next_dead_letter);
  parts.endings.dead_letter(item);
  EXPECT_THAT(parts.box.letters, SizeIs(2));
  answer(Receipt{});
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
}

// The letter that is to be sent next, with its time come.
void send_again(Parts& parts, Item& item) {
  parts.clock.advance(1min);
  const auto due = parts.deadlines.take_due(parts.clock.monotonic());
  ASSERT_TRUE(due);
  ASSERT_EQ(due->kind, Deadlines::Kind::next_dead_letter);
  parts.endings.dead_letter(item);
}

Error too_large() { return {.code = ErrorCode::too_big, .text = "a message of 5 bytes is too large"}; }

TEST_F(DeadLettering, SaysLessInALetterThatIsTooLargeAndThenHoldsItsMessage) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  for (const char* left_out : {"exception", "exception,listener,attempts,first,last", "exception,listener,attempts,first,last"}) {
    EXPECT_THAT(logged([&] { answer(too_large()); }),
                HasSubstr("a dead letter could not be stored, and is tried again, without some of its"));
    ASSERT_EQ(item.state, Item::State::waiting);
    send_again(parts, item);
    EXPECT_THAT(parts.box.letters.back().message.headers, ::testing::Contains(::testing::Pair("dispytch-left-out", left_out)));
  }
  EXPECT_THAT(logged([&] { answer(too_large()); }),
              HasSubstr("why; its dead letter can't be stored: a message of 5 bytes is too large. It is held"));
  EXPECT_EQ(item.state, Item::State::held);
  EXPECT_THAT(settled_tokens(parts), IsEmpty());
  EXPECT_THAT(parts.failures, SizeIs(1)) << "told once";
  parts.endings.skip("orders", 0, 1, "somebody").value();
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
}

TEST_F(DeadLettering, SaysAllOfItAgainWhereTheBrokerWasOnlyAway) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  for (int i = 0; i < 10; ++i) {
    logged([&] { answer(Error{.code = i % 2 == 0 ? ErrorCode::timeout : ErrorCode::too_big, .text = "no room", .retriable = true}); });
    send_again(parts, item);
  }
  EXPECT_THAT(parts.box.letters.back().message.headers, ::testing::Not(::testing::Contains(::testing::Key("dispytch-left-out"))));
  answer(Receipt{});
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
}

TEST_F(DeadLettering, HoldsAtOnceWhatNoTryCanMend) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  EXPECT_THAT(logged([&] { answer(Error{.code = ErrorCode::invalid, .text = "the topic's name is too long"}); }),
              HasSubstr("its dead letter can't be stored: the topic's name is too long. It is held"));
  EXPECT_EQ(item.state, Item::State::held);
}

TEST_F(DeadLettering, GoesOnTryingWhereSomebodyMayMendItAndSaysWhy) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  for (int i = 0; i < 10; ++i) {
    logged([&] { answer(Error{.code = ErrorCode::not_found, .text = "there is no topic `orders.dlq`"}); });
    ASSERT_EQ(item.state, Item::State::waiting);
    const Unfinished one = describe_wait(item, parts.lane(item), parts.setup, *parts.consumer);
    EXPECT_EQ(one.waits_for, "the next try at its dead letter");
    EXPECT_EQ(one.reason, "why; its dead letter can't be stored: there is no topic `orders.dlq`");
    EXPECT_TRUE(one.letter_refused);
    send_again(parts, item);
  }
  answer(Receipt{});
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
}

TEST_F(DeadLettering, StopsTheListenerWhereTheEmitterHasFailedForGood) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  answer(Error{.code = ErrorCode::unavailable, .text = "fenced", .fatal = true});
  ASSERT_TRUE(parts.halt.failure());
  EXPECT_THAT(parts.halt.failure()->reason, HasSubstr("its dead letter could not be stored: fenced"));
  EXPECT_THAT(settled_tokens(parts), IsEmpty());
}

TEST_F(DeadLettering, LeavesTheMessageToTheNextOwnerOfItsSource) {
  Item& item = failed(parts);
  parts.endings.end(item, Decision::Kind::dead_letter);
  parts.in_flight.forget(*item.source);
  answer(Receipt{});
  EXPECT_THAT(settled_tokens(parts), IsEmpty());
  EXPECT_EQ(parts.counters.fenced, 1);
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
}

TEST(Endings, AHeldMessageBlocksItsLane) {
  Parts parts{idle_group()};
  Item& item = failed(parts);
  parts.arrive("a");
  EXPECT_THAT(logged([&] { parts.endings.end(item, Decision::Kind::hold); }), HasSubstr("It is held"));
  parts.in_flight.advance(parts.lane(item));
  EXPECT_FALSE(parts.in_flight.lanes().any_ready());
  EXPECT_THAT(parts.failures, SizeIs(1));
}

TEST(Endings, ADroppedMessageIsSettledAndCounted) {
  Parts parts{idle_group()};
  logged([&] { parts.endings.end(failed(parts), Decision::Kind::drop); });
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
  EXPECT_EQ(parts.counters.dropped, 1);
  EXPECT_THAT(parts.failures, IsEmpty());
}

TEST(Endings, AStopKeepsTheMessageUnsettled) {
  Parts parts{idle_group()};
  parts.endings.end(failed(parts), Decision::Kind::stop);
  ASSERT_TRUE(parts.halt.failure());
  EXPECT_EQ(parts.halt.failure()->reason, "why");
  EXPECT_TRUE(parts.halt.is_over());
  EXPECT_THAT(settled_tokens(parts), IsEmpty());
}

TEST(Endings, ASkipSettlesAHeldMessageAndLetsItsLaneGoOn) {
  Parts parts{idle_group()};
  Item& item = failed(parts);
  Item& behind = parts.arrive("a");
  logged([&] { parts.endings.end(item, Decision::Kind::hold); });
  EXPECT_THAT(logged([&] { EXPECT_TRUE(parts.endings.skip("orders", 0, 1, "somebody")); }), HasSubstr("skipped by somebody"));
  EXPECT_THAT(settled_tokens(parts), ElementsAre(1));
  EXPECT_EQ(parts.counters.skipped, 1);
  ASSERT_NE(parts.in_flight.lanes().next_ready(), nullptr);
  EXPECT_EQ(parts.lane(behind).first, &behind);
}

TEST(Endings, ASkipRefusesWhatItDoesNotFindOrWhatRuns) {
  Parts parts{idle_group()};
  Item& item = parts.arrive("a");
  EXPECT_EQ(parts.endings.skip("orders", 0, 7, "somebody").error().code, ErrorCode::not_found);
  parts.begin(item);
  EXPECT_EQ(parts.endings.skip("orders", 0, 1, "somebody").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace dispytch::listen
