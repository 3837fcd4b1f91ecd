#include <cstdint>

#include "listen/revocations.hpp"

#include <gmock/gmock.h>

#include "unit/listen/parts.hpp"

namespace dispytch::listen {
namespace {

using namespace std::chrono_literals;
using inflight::Item;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Revoking : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kEvent = 77;
  void revoke(Item& item, std::chrono::milliseconds deadline = 0ms) {
    parts.revocations.begin({item.source}, {.event_token = kEvent, .deadline = deadline, .list = "orders[0]"});
  }
  bool confirmed() const {
    return std::ranges::any_of(parts.broker.settled, [](const auto& settlement) { return settlement.token == kEvent; });
  }
  Parts parts{idle_group(), {.delivery = {.ordering = Ordering::key, .revoke_timeout = 10s}}};
};

TEST_F(Revoking, LeavesWhatHasNotBegunAtOnce) {
  Item& item = parts.arrive("a");
  revoke(item);
  EXPECT_EQ(parts.in_flight.unfinished(), 0);
  EXPECT_TRUE(confirmed());
  EXPECT_EQ(parts.in_flight.ledger().size(), 0);
}

TEST_F(Revoking, AwaitsWhatRunsThenSettlesAndWaitsForTheBroker) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  revoke(item);
  EXPECT_FALSE(confirmed());
  EXPECT_EQ(parts.revocations.next_due(), parts.clock.monotonic() + 10s);
  item.verdict = inflight::Verdict::done;
  parts.outcomes.returned(item);
  parts.revocations.advance();
  EXPECT_TRUE(confirmed());
  EXPECT_THAT(parts.broker.calls, ElementsAre("settle", "sync", "settle"));
  EXPECT_FALSE(parts.revocations.next_due());
}

TEST_F(Revoking, EndsAtItsDeadlineAndFencesWhatStillRuns) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  revoke(item);
  parts.clock.advance(10s);
  EXPECT_THAT(logged([&] { parts.revocations.advance(); }), ::testing::HasSubstr("they will be handled twice"));
  EXPECT_TRUE(confirmed());
  EXPECT_TRUE(item.source->gone);
}

TEST_F(Revoking, GivesHandlersHalfOfTheBrokersTime) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  revoke(item, 4s);
  EXPECT_EQ(parts.revocations.next_due(), parts.clock.monotonic() + 2s);
}

TEST_F(Revoking, ALossAwaitsNothing) {
  Item& item = parts.arrive("a");
  parts.begin(item);
  parts.revocations.lose({item.source});
  EXPECT_TRUE(item.source->gone);
  EXPECT_THAT(parts.broker.calls, IsEmpty());
}

TEST_F(Revoking, OtherSourcesGoOn) {
  Item& item = parts.arrive("a", 1);
  Item& other = parts.arrive("b", 2);
  revoke(item);
  EXPECT_EQ(parts.in_flight.unfinished(), 1);
  EXPECT_EQ(parts.in_flight.lanes().next_ready()->first, &other);
}

TEST_F(Revoking, ADrainGivesEverythingUpAndBeginsNothingMore) {
  parts.arrive("a", 1);
  Item& running = parts.arrive("b", 2);
  lane::Lane* lane = parts.in_flight.lanes().next_ready();
  while (lane->first != &running) lane = parts.in_flight.lanes().next_ready();
  parts.in_flight.lanes().begin(running);
  parts.revocations.begin_drain(3s);
  EXPECT_TRUE(parts.halt.is_draining());
  EXPECT_EQ(parts.in_flight.unfinished(), 1) << "what runs is awaited";
  EXPECT_EQ(parts.revocations.drain_left(), 3s);
  parts.clock.advance(5s);
  EXPECT_EQ(parts.revocations.drain_left(), 0s);
}

}  // namespace
}  // namespace dispytch::listen
