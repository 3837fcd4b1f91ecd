// Groups from outside, what waits for them, and what a config needs.
#include "admin.hpp"
#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const plugin::GroupPosition& row) {
  const auto number = [](const auto& value) { return value ? std::to_string(*value) : std::string{"-"}; };
  return row.topic + "[" + number(row.partition) + "] " + number(row.offset) + " of " + number(row.low) + ".." + number(row.high);
}
std::vector<std::string> texts(const std::vector<plugin::GroupPosition>& rows) {
  std::vector<std::string> all;
  for (const plugin::GroupPosition& row : rows) all.push_back(text_of(row));
  return all;
}

class GroupAdminTest : public BrokerTest {
 protected:
  void SetUp() override { open(with_topics({{"orders", {.partitions = 2}}, {"flights", {.partitions = 1}}})); }

  template <class Call>
  static plugin::Error refused(Call call) {
    try {
      call();
    } catch (const plugin::Exception& exception) {
      return exception.error();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }
  std::vector<std::string> move(plugin::GroupMove move, bool dry_run = false) {
    return texts(move_group(*broker, "billing", std::vector{std::move(move)}, dry_run));
  }
  plugin::Config document(const std::string& json) {
    text_ = json;
    return plugin::Config{text_};
  }

  std::string text_;
};

TEST_F(GroupAdminTest, ListsGroupsWithTheirMembers) {
  EXPECT_THAT(list_groups(*broker), IsEmpty());
  const auto one = reader();
  const auto two = reader({.names = {"orders"}, .group = "billing"}, 7);
  const auto nameless = reader({.names = {"orders"}}, 8);
  const auto look = reader({.names = {"orders"}, .group = "look", .ephemeral = true}, 9);
  const std::vector<plugin::Group> groups = list_groups(*broker);
  ASSERT_EQ(groups.size(), 1u) << "what has no name, or leaves nothing behind, isn't among them";
  EXPECT_EQ(groups[0].name, "billing");
  EXPECT_EQ(groups[0].members, 2u);
  EXPECT_EQ(members_of(*broker, "billing").size(), 2u);
  EXPECT_EQ(refused([&] { members_of(*broker, "other"); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(GroupAdminTest, SaysWhereAGroupStands) {
  put_all({{.payload = "a", .partition = 1}, {.payload = "b", .partition = 1}});
  const auto keeps_all = reader({.names = {"orders"}, .group = "keeps"}, 7);
  const auto billing = reader();
  EXPECT_EQ(billing->settle(billing->poll_all().front().token), DISPYTCH_OK);
  EXPECT_THAT(texts(positions_of(*broker, "billing", std::nullopt)), ElementsAre("orders[0] 0 of 0..0", "orders[1] 1 of 0..2"));
  EXPECT_THAT(texts(positions_of(*broker, "billing", "flights")), ElementsAre("flights[0] - of 0..0"));
  EXPECT_EQ(refused([&] { positions_of(*broker, "other", std::nullopt); }).text, "no group `other` in the memory backend");
  EXPECT_EQ(refused([&] { positions_of(*broker, "billing", "nothing"); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(GroupAdminTest, MovesAGroupByOffsetTimeBeginningAndEnd) {
  put_all({{.payload = "a", .partition = 1}, {.payload = "b", .partition = 1}});
  host.now += milliseconds{1000};
  put({.payload = "c", .partition = 1});
  EXPECT_THAT(move({.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_OFFSET, .value = 1}, true),
              ElementsAre("orders[1] 1 of 0..3"));
  EXPECT_THAT(list_groups(*broker), IsEmpty()) << "a dry run makes nothing";
  EXPECT_THAT(move({.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_OFFSET, .value = 1}), ElementsAre("orders[1] 1 of 0..3"));
  EXPECT_THAT(texts(positions_of(*broker, "billing", "orders")), ElementsAre("orders[0] 0 of 0..0", "orders[1] 1 of 1..3"))
      << "what every group has passed is dropped";
  EXPECT_THAT(move({.topic = "orders", .to = DISPYTCH_MOVE_TO_TIME, .value = 1'000'500}),
              ElementsAre("orders[0] 0 of 0..0", "orders[1] 2 of 1..3"));
  EXPECT_THAT(payloads(reader()->poll_all()), ElementsAre("c"));
  EXPECT_THAT(move({.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_EARLIEST}), ElementsAre("orders[1] 2 of 2..3"));
  EXPECT_THAT(move({.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_LATEST}), ElementsAre("orders[1] 3 of 2..3"));
  EXPECT_THAT(reader()->poll_all(), IsEmpty());
}

TEST_F(GroupAdminTest, RefusesToMoveWhatCanNotBeMovedBeforeAnythingMoves) {
  put({.payload = "a", .partition = 0});
  {
    const auto billing = reader();
    EXPECT_EQ(refused([&] { move({.topic = "orders", .to = DISPYTCH_MOVE_TO_LATEST}); }).text,
              "group `billing` has 1 member; end them before it is moved");
    EXPECT_EQ(refused([&] { forget_group(*broker, "billing"); }).text, "group `billing` has 1 member; end them before it is forgotten");
  }
  const std::vector<plugin::GroupMove> moves{{.topic = "orders", .to = DISPYTCH_MOVE_TO_LATEST},
                                             {.topic = "orders", .partition = 0, .to = DISPYTCH_MOVE_TO_OFFSET, .value = 9}};
  EXPECT_EQ(refused([&] { move_group(*broker, "billing", moves, false); }).text,
            "topic `orders`, partition 0: expected an offset from 0 to 1, found 9");
  EXPECT_THAT(texts(positions_of(*broker, "billing", "orders")), ElementsAre("orders[0] 0 of 0..1", "orders[1] 0 of 0..0"));
  EXPECT_EQ(refused([&] { move({.topic = "orders", .partition = 5, .to = DISPYTCH_MOVE_TO_LATEST}); }).text,
            "topic `orders` has no partition 5");
  EXPECT_THAT(refused([&] { move({.topic = "orders", .to = DISPYTCH_MOVE_TO_ID, .id = "x"}); }).text, HasSubstr("not by an id"));
}

TEST_F(GroupAdminTest, ForgetsAGroup) {
  put({.payload = "a", .partition = 0});
  reader()->poll_all();
  forget_group(*broker, "billing");
  EXPECT_THAT(list_groups(*broker), IsEmpty());
  EXPECT_EQ(refused([&] { forget_group(*broker, "billing"); }).code, DISPYTCH_ENOTFOUND);
  EXPECT_THAT(payloads(reader()->poll_all()), ElementsAre("a")) << "a group of that name begins anew";
}

TEST_F(GroupAdminTest, SaysWhatWaitsAndWhatIsInHand) {
  put_all({{.payload = "a", .partition = 0}, {.payload = "b", .partition = 0}, {.payload = "c", .partition = 0}});
  const auto billing = reader();
  billing->poll();  // the assignment
  const std::vector<Received> held = billing->poll(2);
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(billing->settle(held[1].token), DISPYTCH_OK) << "out of its order";
  host.now += milliseconds{50};
  put({.payload = "d", .partition = 0});
  const std::vector<plugin::Backlog> rows = backlog_of(*broker, "billing", "orders");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].waiting, 2);
  EXPECT_EQ(rows[0].in_hand, 1);
  EXPECT_EQ(rows[0].position, 0);
  EXPECT_EQ(rows[0].end, 4);
  EXPECT_EQ(rows[0].oldest_ms, 1'000'000);
  EXPECT_EQ(rows[1].waiting, 0);
  EXPECT_EQ(rows[1].oldest_ms, std::nullopt);
  EXPECT_EQ(billing->settle(held[0].token), DISPYTCH_OK);
  EXPECT_EQ(backlog_of(*broker, "billing", std::nullopt)[0].position, 2);
  EXPECT_EQ(refused([&] { backlog_of(*broker, "other", std::nullopt); }).code, DISPYTCH_ENOTFOUND);
}

TEST_F(GroupAdminTest, DeclaresTheTopicsThatAConfigNames) {
  const std::string json = R"({"config":{},"producers":[{"name":"out","topics":["orders.dlq"]}],
    "consumers":[{"name":"in","topics":[{"name":"orders"},{"name":"refunds"},{"pattern":"x.{y}"}]},{"name":"too","topics":[{"name":"refunds"}]}]})";
  std::vector<plugin::Finding> findings = declare(*broker, document(json), false);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].object, "topic `orders.dlq`");
  EXPECT_EQ(findings[0].pointer, "/producers/0/topics/0");
  EXPECT_EQ(findings[1].object, "topic `refunds`");
  EXPECT_EQ(findings[1].pointer, "/consumers/0/topics/1/name");
  EXPECT_TRUE(findings[0].can_make);
  EXPECT_FALSE(findings[0].made);
  EXPECT_EQ(find("refunds"), nullptr) << "it was a look";
  findings = declare(*broker, document(json), true);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(findings[1].made);
  EXPECT_NE(find("refunds"), nullptr);
  EXPECT_THAT(declare(*broker, document(json), true), IsEmpty());
}

}  // namespace
}  // namespace dispytch::memory
