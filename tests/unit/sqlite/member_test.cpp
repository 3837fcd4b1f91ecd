// Members of a group: who reads what, and what becomes of one that falls silent.
#include "member.hpp"

#include <cstdint>
#include <set>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Members : public BrokerTest {
 protected:
  static constexpr std::int32_t kPartitions = 4;

  Members() { open(options({{"orders", {.partitions = kPartitions}}})); }
  // Polls both until they share the partitions.
  void share(Reader& first, Reader& second) {
    first.until(
        [&] {
          second.step();
          return first.held.size() == 2 && second.held.size() == 2;
        },
        "two members with two partitions each");
  }
  static std::set<std::int32_t> partitions_of(const Reader& reader) {
    std::set<std::int32_t> all;
    for (const auto& [id, source] : reader.held) all.insert(*source.partition);
    return all;
  }
};

TEST_F(Members, ShareAndHandOverAtTheEnd) {
  const auto first = reader();
  first->await_event(DISPYTCH_ASSIGNED);
  EXPECT_EQ(first->held.size(), 4u);
  const auto second = reader();
  share(*first, *second);
  EXPECT_TRUE(second->consumer.close(std::chrono::seconds{5}).ok());
  first->until([&] { return first->held.size() == 4; }, "all partitions");
  EXPECT_EQ(number("SELECT count(*) FROM members"), 1);
}

TEST_F(Members, WaitForWhatIsHandledOfAPartitionThatGoes) {
  const auto first = reader();
  first->await_event(DISPYTCH_ASSIGNED);
  for (std::int32_t partition = 0; partition < kPartitions; ++partition) put({{.payload = "x", .partition = partition}});
  const auto messages = first->take(4);
  first->acknowledge_events = false;
  const auto second = reader();
  first->until(
      [&] {
        second->step();
        return std::ranges::find(first->events, DISPYTCH_REVOKING) != first->events.end();
      },
      "REVOKING");
  EXPECT_TRUE(second->held.empty());
  for (const Received& message : messages) EXPECT_EQ(first->settle(message.token), DISPYTCH_OK) << "also of those that go";
  EXPECT_EQ(first->settle(first->last_event, DISPYTCH_ACK), DISPYTCH_OK);
  first->acknowledge_events = true;
  share(*first, *second);
  EXPECT_TRUE(second->inbox.empty()) << "what was settled came again";
}

TEST_F(Members, ThatAreToldOfNothingAreAsManyAsThereAreBeyondThePartitions) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(reader());
  eventually(
      [&] {
        std::size_t held = 0, without = 0;
        for (const auto& one : readers) {
          one->step();
          held += one->held.size();
          without += one->held.empty() && !one->events.empty() ? 1 : 0;
        }
        return held == 4 && without == 1;
      },
      "four members with a partition each, and one that is told of none");
}

TEST_F(Members, ThatFellSilentAreGivenUpAndFencedWhenTheyGoOn) {
  auto stopped = std::make_unique<Broker>(options({{"orders", {.partitions = kPartitions}}}), plugin::Host{&host.raw});
  auto silent = std::make_unique<Reader>(*stopped, Subscription{.names = {"orders"}, .group = "billing"});
  silent->await_event(DISPYTCH_ASSIGNED);
  put({{.payload = "a", .partition = 0}});
  const auto in_hand = silent->take(1);
  // Its row is as it would be after others had waited for as long as it lasts; its own process knows nothing of that yet.
  {
    const auto database = broker->file().connect();
    Transaction transaction{*database};
    const auto group = find_group(*database, "billing");
    ASSERT_TRUE(group.has_value());
    for (const MemberRow& row : members_of(*database, *group)) remove_member(*database, *group, row.id);
    transaction.commit();
  }
  EXPECT_EQ(silent->settle(in_hand[0].token), DISPYTCH_OK) << "it can't know";
  silent->await_event(DISPYTCH_LOST);
  EXPECT_THAT(silent->texts, Contains(HasSubstr("session_timeout")));
  EXPECT_EQ(number("SELECT sum(next) FROM positions"), 0) << "what it settled after that is not stored";
  silent->until([&] { return silent->held.size() == 4; }, "a place in the group again");
  EXPECT_THAT(payloads(silent->take(1)), ElementsAre("a"));
  silent.reset();
}

TEST_F(Members, ThatAreKilledAreReplacedOnceTheirSessionIsOver) {
  {
    const auto database = broker->file().connect();
    Transaction transaction{*database};
    const std::int64_t group = find_or_make_group(*database, "billing");
    const std::int64_t dead = join(*database, group, {.application = "dead", .lasts = milliseconds{300}});
    for (std::int64_t partition = 1; partition <= kPartitions; ++partition) {
      begin_at(*database, group, partition, 0);
      take(*database, group, partition, dead);
    }
    subscribe(*database, dead, 1);
    transaction.commit();
  }
  const auto member = reader();
  member->until([&] { return member->held.size() == 4; }, "the partitions of the one that died");
  EXPECT_THAT(host.log(), Contains(HasSubstr("(dead) was silent for 300 ms")));
}

TEST_F(Members, ThatAreKilledAreNoticedHoweverBusyTheOthersAre) {
  const auto busy = reader();
  busy->await_event(DISPYTCH_ASSIGNED);
  {
    const auto database = broker->file().connect();
    Transaction transaction{*database};
    join(*database, *find_group(*database, "billing"), {.application = "dead", .lasts = milliseconds{300}});
    transaction.commit();
  }
  eventually(
      [&] {
        put({{.payload = "x"}});
        busy->finish(busy->take(1));  // stores a position each time, at once
        return number("SELECT count(*) FROM members") == 1;
      },
      "the end of the one that died");
}

TEST_F(Members, AreTakenTheirPartitionsWhereTheyDontGiveThemUpInTime) {
  close();
  Options with = options({{"orders", {.partitions = kPartitions}}});
  with.rebalance_timeout = milliseconds{100};
  open(with);
  const auto first = reader();
  first->await_event(DISPYTCH_ASSIGNED);
  first->acknowledge_events = false;
  const auto second = reader();
  first->until(
      [&] {
        second->step();
        return second->held.size() == 2;
      },
      "two partitions for the second member");
  first->await_event(DISPYTCH_LOST);
  EXPECT_THAT(first->texts, Contains(HasSubstr("rebalance_timeout")));
}

TEST_F(Members, OfAnInstanceNameTakeOverAtOnceAndDisturbNobody) {
  Subscription named{.names = {"orders"}, .group = "billing", .instance = "one"};
  auto first = reader(std::move(named));
  const auto second = reader();
  share(*first, *second);
  const auto had = partitions_of(*first);
  const std::size_t events = second->events.size();
  put({{.payload = "a", .partition = *had.begin()}});
  first->finish(first->take(1));
  EXPECT_TRUE(first->consumer.close(std::chrono::seconds{5}).ok());
  first.reset();
  EXPECT_EQ(number("SELECT count(*) FROM members"), 2) << "its place is kept";
  Subscription again{.names = {"orders"}, .group = "billing", .instance = "one"};
  const auto third = reader(std::move(again));
  third->until(
      [&] {
        second->step();
        return third->held.size() == 2;
      },
      "the partitions that it had");
  EXPECT_EQ(partitions_of(*third), had);
  EXPECT_EQ(second->events.size(), events);
  EXPECT_EQ(number("SELECT count(*) FROM members"), 2);
}

TEST_F(Members, CantStoreAPositionByAnOldEpoch) {
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  const auto database = broker->file().connect();
  Transaction transaction{*database};
  const auto group = find_group(*database, "billing");
  PositionRow row = positions_of(*database, *group).at(0);
  row.next = 5;
  EXPECT_TRUE(store_position(*database, *group, row));
  --row.epoch;
  EXPECT_FALSE(store_position(*database, *group, row));
  EXPECT_FALSE(release(*database, *group, row, true));
  ++row.epoch;
  row.owner = 4711;
  EXPECT_FALSE(store_position(*database, *group, row));
}

}  // namespace
}  // namespace dispytch::sqlite
