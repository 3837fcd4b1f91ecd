// What travels with a message besides its bytes: attempts, and handlings that never ended.
#include "fixture.hpp"

#include <cstdint>

namespace dispytch::memory {
namespace {

using ::testing::ElementsAre;

class AttemptsTest : public BrokerTest {
 protected:
  void SetUp() override { open(one_topic(1)); }

  static dispytch_status give_back(Reader& reader, std::uint64_t token, std::uint32_t attempts) {
    const dispytch_settlement settlement{token, DISPYTCH_REQUEUE, 0, DISPYTCH_SETTLE_ATTEMPTS, attempts};
    return reader.consumer.settle({&settlement, sizeof(settlement), 1}).code();
  }
  static dispytch_status begin(Reader& reader, std::vector<std::uint64_t> tokens, bool on = true) {
    return reader.consumer.begin(tokens, on, milliseconds{0}).code();
  }
  Received next(Reader& reader) {
    const std::vector<Received> all = reader.poll_all();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Received{} : all.front();
  }
};

TEST_F(AttemptsTest, ComeBackWithTheMessageThatWasGivenBackAndDeliveriesBeginAnew) {
  const auto billing = reader();
  put({.payload = "a"});
  const Received first = next(*billing);
  EXPECT_EQ(first.flags & DISPYTCH_MSG_ATTEMPTS, 0u);
  EXPECT_EQ(give_back(*billing, first.token, 3), DISPYTCH_OK);
  const Received again = next(*billing);
  EXPECT_NE(again.flags & DISPYTCH_MSG_ATTEMPTS, 0u);
  EXPECT_NE(again.flags & DISPYTCH_MSG_REDELIVERED, 0u);
  EXPECT_EQ(again.attempts, 3);
  EXPECT_EQ(again.attempt, 1u);
  EXPECT_EQ(give_back(*billing, again.token, 70'000), DISPYTCH_OK);
  EXPECT_EQ(next(*billing).attempts, UINT16_MAX) << "as many as the border can say";
}

TEST_F(AttemptsTest, OfAHostThatSaysNoneAreNone) {
  const auto billing = reader();
  put({.payload = "a"});
  EXPECT_EQ(billing->settle(next(*billing).token, DISPYTCH_REQUEUE), DISPYTCH_OK);
  const Received again = next(*billing);
  EXPECT_EQ(again.flags & DISPYTCH_MSG_ATTEMPTS, 0u);
  EXPECT_EQ(again.attempt, 2u) << "its deliveries go on";
}

// A settlement of version 1.0: what lies behind it belongs to somebody else.
TEST_F(AttemptsTest, AreNotReadBehindAShorterSettlement) {
  const auto billing = reader();
  put({.payload = "a"});
  struct Old {
    std::uint64_t token;
    std::uint32_t action, delay_ms;
  };
  const Old settlements[] = {{next(*billing).token, DISPYTCH_REQUEUE, 0}, {UINT64_MAX, UINT32_MAX, UINT32_MAX}};
  EXPECT_EQ(billing->consumer.settle({settlements, sizeof(Old), 1}).code(), DISPYTCH_OK);
  EXPECT_EQ(next(*billing).flags & DISPYTCH_MSG_ATTEMPTS, 0u);
}

TEST_F(AttemptsTest, AHandlingThatBeganIsRememberedUntilItEnds) {
  put_all({{.payload = "a"}, {.payload = "b"}});
  {
    const auto died = reader();
    const std::vector<Received> held = died->poll_all();
    EXPECT_EQ(held[0].flags & DISPYTCH_MSG_BEGUN, 0u);
    EXPECT_EQ(begin(*died, {held[0].token, held[1].token}), DISPYTCH_OK);
    EXPECT_EQ(begin(*died, {held[1].token}, false), DISPYTCH_OK);
  }
  const auto next_member = reader();
  const std::vector<Received> again = next_member->poll_all();
  EXPECT_NE(again[0].flags & DISPYTCH_MSG_BEGUN, 0u);
  EXPECT_EQ(again[0].begun, 1);
  EXPECT_EQ(again[1].flags & DISPYTCH_MSG_BEGUN, 0u) << "it ended, though nothing was settled";
  EXPECT_EQ(give_back(*next_member, again[0].token, 1), DISPYTCH_OK);
  EXPECT_EQ(next(*next_member).begun, 0) << "a settlement is an end";
}

TEST_F(AttemptsTest, NothingIsRememberedWhereATokenIsStale) {
  const auto billing = reader();
  put_all({{.payload = "a"}, {.payload = "b"}});
  const std::vector<Received> held = billing->poll_all();
  EXPECT_EQ(billing->settle(held[0].token), DISPYTCH_OK);
  EXPECT_EQ(begin(*billing, {held[1].token, held[0].token}), DISPYTCH_EFENCED);
  EXPECT_EQ(billing->settle(held[1].token, DISPYTCH_REQUEUE), DISPYTCH_OK);
  EXPECT_EQ(next(*billing).begun, 0);
}

// ---- a member that has nothing to read ----

TEST_F(AttemptsTest, AMemberForWhichThereIsNothingIsToldSoOnce) {
  const auto first = reader();
  first->poll_all();
  EXPECT_THAT(first->events, ElementsAre(DISPYTCH_ASSIGNED));
  const auto second = reader({.names = {"orders"}, .group = "billing"}, 7);
  second->poll_all();
  second->poll_all();
  EXPECT_THAT(second->events, ElementsAre(DISPYTCH_ASSIGNED)) << "once";
  EXPECT_TRUE(second->held.empty());
  EXPECT_EQ(second->last_event, 0u) << "there is nothing to acknowledge";
}

TEST_F(AttemptsTest, AMemberWithoutAnythingGetsWhatItsNeighbourLeaves) {
  auto first = reader();
  first->poll_all();
  const auto second = reader({.names = {"orders"}, .group = "billing"}, 7);
  second->poll_all();
  first.reset();
  second->poll_all();
  EXPECT_THAT(second->events, ElementsAre(DISPYTCH_ASSIGNED, DISPYTCH_ASSIGNED));
  EXPECT_EQ(second->held.size(), 1u);
}

TEST_F(AttemptsTest, AHostOfVersion1IsToldOfNoEmptyAssignment) {
  const auto first = reader();
  first->poll_all();
  host.raw.abi_minor = 0;
  const auto second = reader({.names = {"orders"}, .group = "billing"}, 7);
  second->poll_all();
  EXPECT_TRUE(second->events.empty());
}

// ---- a look that leaves nothing behind ----

TEST_F(AttemptsTest, AnEphemeralGroupIsGoneWithItsReaderAndMovesNobody) {
  put_all({{.payload = "a"}, {.payload = "b"}});
  const auto billing = reader();
  {
    const auto look = reader({.names = {"orders"}, .group = "billing", .ephemeral = true}, 7);
    const std::vector<Received> seen = look->poll_all();
    EXPECT_THAT(payloads(seen), ElementsAre("a", "b")) << "it shares with nobody, whatever name it has";
    for (const Received& message : seen) EXPECT_EQ(look->settle(message.token), DISPYTCH_OK);
    const plugin::Lock lock{broker->mutex};
    EXPECT_EQ(broker->groups().size(), 1u);
  }
  EXPECT_THAT(payloads(billing->poll_all()), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace dispytch::memory
