#include "admin.hpp"

#include <cstdint>
#include "fixture.hpp"
#include "group.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Admin : public BrokerTest {
 protected:
  Admin() {
    open(options({{"orders", {.partitions = 2}}}));
    put({{.payload = "a", .partition = 0, .timestamp_ms = 1000},
         {.payload = "b", .partition = 0, .timestamp_ms = 2000},
         {.payload = "c", .partition = 0, .timestamp_ms = 3000},
         {.payload = "d", .partition = 1, .timestamp_ms = 1500}});
  }
  // Leaves the group with its positions.
  void settle_one() {
    const auto member = reader();
    auto messages = member->take(4);
    std::erase_if(messages, [](const Received& message) { return message.payload != "a"; });
    member->finish(messages);
    EXPECT_TRUE(member->consumer.close(std::chrono::seconds{5}).ok());
  }
};

TEST_F(Admin, SaysRangesAndWhereAGroupStands) {
  settle_one();
  const auto all = ranges(*broker, "orders", "billing");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].low, 0);
  EXPECT_EQ(all[0].high, 3);
  EXPECT_EQ(all[0].stored, 1);
  EXPECT_EQ(all[1].stored, 0);
  EXPECT_EQ(ranges(*broker, "orders", "nobody")[0].stored, std::nullopt);
  EXPECT_EQ(thrown_by([&] { ranges(*broker, "nowhere", ""); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(Admin, DeletesUpToAnOffsetOfOnePartition) {
  const std::vector<plugin::Source> cut{{.topic = "orders", .partition = 0, .offset = 2}};
  delete_up_to(*broker, cut);
  EXPECT_EQ(ranges(*broker, "orders", "")[0].low, 2);
  EXPECT_EQ(ranges(*broker, "orders", "")[1].low, 0);
  const std::vector<plugin::Source> beyond{{.topic = "orders", .partition = 0, .offset = 4}};
  EXPECT_EQ(thrown_by([&] { delete_up_to(*broker, beyond); }).code, DISPYTCH_EINVAL);
  const std::vector<plugin::Source> missing{{.topic = "orders", .partition = 2, .offset = 0}};
  EXPECT_EQ(thrown_by([&] { delete_up_to(*broker, missing); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(Admin, ListsGroupsMembersAndPositions) {
  EXPECT_THAT(list_groups(*broker), IsEmpty());
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  const auto groups = list_groups(*broker);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].name, "billing");
  EXPECT_EQ(groups[0].members, 1u);
  const auto members = sqlite::members_of(*broker, "billing");
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0].name, "sqlite-test");
  EXPECT_EQ(sqlite::positions_of(*broker, "billing", std::nullopt).size(), 2u);
  EXPECT_EQ(sqlite::positions_of(*broker, "billing", "orders")[0].high, 3);
  EXPECT_EQ(thrown_by([&] { sqlite::members_of(*broker, "nobody"); }).code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(thrown_by([&] { sqlite::positions_of(*broker, "nobody", std::nullopt); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(Admin, MovesAGroupByOffsetTimeAndToTheEnds) {
  const auto move = [&](std::uint32_t to, std::int64_t value, bool dry_run) {
    const std::vector<plugin::GroupMove> moves{{.topic = "orders", .partition = 0, .to = to, .value = value}};
    return move_group(*broker, "billing", moves, dry_run, milliseconds{0}).at(0).offset;
  };
  EXPECT_EQ(move(DISPYTCH_MOVE_TO_OFFSET, 2, true), 2);
  EXPECT_THAT(list_groups(*broker), IsEmpty()) << "that was a dry run";
  EXPECT_EQ(move(DISPYTCH_MOVE_TO_TIME, 1500, false), 1);
  EXPECT_EQ(ranges(*broker, "orders", "billing")[0].stored, 1);
  EXPECT_EQ(move(DISPYTCH_MOVE_TO_TIME, 9000, false), 3);
  EXPECT_EQ(move(DISPYTCH_MOVE_TO_EARLIEST, 0, false), 0);
  EXPECT_EQ(move(DISPYTCH_MOVE_TO_LATEST, 0, false), 3);
  EXPECT_EQ(thrown_by([&] { move(DISPYTCH_MOVE_TO_OFFSET, 4, false); }).code, DISPYTCH_EINVAL);
  EXPECT_EQ(thrown_by([&] { move(DISPYTCH_MOVE_TO_ID, 0, false); }).code, DISPYTCH_EINVAL);
}

TEST_F(Admin, MovesAndForgetsNoGroupThatHasMembers) {
  settle_one();
  auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  const std::vector<plugin::GroupMove> moves{{.topic = "orders", .to = DISPYTCH_MOVE_TO_LATEST}};
  EXPECT_THAT(thrown_by([&] { move_group(*broker, "billing", moves, false, milliseconds{10'000}); }).text, HasSubstr("has 1 member"));
  EXPECT_EQ(thrown_by([&] { forget_group(*broker, "billing", milliseconds{10'000}); }).code, DISPYTCH_EINVAL);
  EXPECT_TRUE(member->consumer.close(std::chrono::seconds{5}).ok());
  member.reset();
  forget_group(*broker, "billing", milliseconds{10'000});
  EXPECT_THAT(list_groups(*broker), IsEmpty());
  EXPECT_EQ(number("SELECT count(*) FROM positions"), 0);
  EXPECT_EQ(thrown_by([&] { forget_group(*broker, "billing", milliseconds{10'000}); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(Admin, ForgetsAGroupWhoseLastMemberWasKilledOnceItsSessionIsOver) {
  {
    const auto database = broker->file().connect();
    Transaction transaction{*database};
    join(*database, find_or_make_group(*database, "billing"), {.application = "dead", .lasts = milliseconds{200}});
    transaction.commit();
  }
  EXPECT_THAT(thrown_by([&] { forget_group(*broker, "billing", milliseconds{1}); }).text, HasSubstr("has 1 member"));
  forget_group(*broker, "billing", milliseconds{10'000});
  EXPECT_THAT(list_groups(*broker), IsEmpty());
  EXPECT_EQ(number("SELECT count(*) FROM members"), 0);
}

TEST_F(Admin, SaysWhatWaits) {
  settle_one();
  const auto rows = backlog_of(*broker, "billing", std::nullopt);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].waiting, 2);
  EXPECT_EQ(rows[0].position, 1);
  EXPECT_EQ(rows[0].end, 3);
  EXPECT_EQ(rows[0].oldest_ms, 2000);
  EXPECT_EQ(rows[1].waiting, 1);
  EXPECT_EQ(thrown_by([&] { backlog_of(*broker, "nobody", std::nullopt); }).code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(thrown_by([&] { backlog_of(*broker, "billing", "nowhere"); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(Admin, DeclaresTopicsThatAreNamedAndMissing) {
  const plugin::Config document{
      R"({"producers": [{"name": "p", "topics": ["orders", "letters"]}], "consumers": [{"name": "c", "topics": [{"name": "other"}, {"pattern": "x.{y}"}]}]})"};
  const auto looked = declare(*broker, document, false);
  ASSERT_EQ(looked.size(), 2u);
  EXPECT_EQ(looked[0].object, "topic `letters`");
  EXPECT_EQ(looked[0].pointer, "/producers/0/topics/1");
  EXPECT_FALSE(looked[0].made);
  EXPECT_EQ(looked[1].pointer, "/consumers/0/topics/0/name");
  EXPECT_TRUE(declare(*broker, document, true)[0].made);
  EXPECT_THAT(declare(*broker, document, true), IsEmpty());
  EXPECT_EQ(number("SELECT count(*) FROM topics"), 3);
}

}  // namespace
}  // namespace dispytch::sqlite
