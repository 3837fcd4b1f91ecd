// Topics: how they come into being, and what of them stays.
#include <dispytch/plugin/murmur2.hpp>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class Topics : public BrokerTest {};

TEST_F(Topics, KeepTheirNumberOfPartitions) {
  open(options({{"orders", {.partitions = 3}}}));
  close();
  const plugin::Error error = thrown_by([&] { open(options({{"orders", {.partitions = 4}}})); });
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, AllOf(HasSubstr("/config/topics/orders"), HasSubstr("has 3 partitions"), HasSubstr("the config says 4")));
}

TEST_F(Topics, KeepFromThenOnWhatALaterConfigSays) {
  open(options());
  close();
  open(options({{"orders", {.partitions = 1, .retention = {.handled = true}}}}));
  EXPECT_EQ(number("SELECT handled FROM topics"), 1);
  EXPECT_THAT(host.log(), Contains(HasSubstr("topic `orders`")));
}

TEST_F(Topics, ThatAreNotThereAreNotFoundByEmittersAndListeners) {
  open(options());
  const Outcome outcome = outcome_of({.topic = "nowhere", .payload = "x"});
  EXPECT_EQ(outcome.code, DISPYTCH_ENOTFOUND);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("`nowhere`"), HasSubstr(path())));
  const plugin::Error error = thrown_by([&] { reader({.names = {"nowhere"}, .group = "billing"}); });
  EXPECT_EQ(error.code, DISPYTCH_ENOTFOUND);
  EXPECT_THAT(error.text, HasSubstr("`nowhere`"));
}

TEST_F(Topics, AreCreatedAtTheirFirstUseWhereThatIsWanted) {
  Options with = options({});
  with.auto_create = true;
  with.others.partitions = 2;
  open(with);
  EXPECT_EQ(outcome_of({.topic = "first", .payload = "x"}).code, DISPYTCH_OK);
  const auto member = reader({.names = {"second"}, .group = "billing"});
  member->await_event(DISPYTCH_ASSIGNED);
  EXPECT_EQ(member->held.size(), 2u);
  EXPECT_EQ(number("SELECT count(*) FROM partitions"), 4);
}

TEST_F(Topics, PutAKeyWhereKafkaDoesAndOthersInTurn) {
  open(options({{"orders", {.partitions = 7}}}));
  for (const char* key : {"N14228", "", "21", "foobar"}) {
    EXPECT_EQ(outcome_of({.key = key}).partition, plugin::partition_of(key, 7)) << key;
  }
  EXPECT_EQ(outcome_of({}).partition, 0);
  EXPECT_EQ(outcome_of({}).partition, 1);
}

TEST_F(Topics, RefuseAPartitionThatTheyDontHave) {
  open(options({{"orders", {.partitions = 2}}}));
  const Outcome outcome = outcome_of({.payload = "x", .partition = 2});
  EXPECT_EQ(outcome.code, DISPYTCH_EINVAL);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("0 to 1"), HasSubstr("names 2")));
  EXPECT_EQ(outcome_of({.payload = "x", .partition = -1}).code, DISPYTCH_EINVAL);
}

TEST_F(Topics, OfAPatternThatComeLaterAreReadFromTheirBeginning) {
  Options with = options({});
  with.auto_create = true;
  with.others.partitions = 1;
  open(with);
  Subscription subscription{.group = "billing", .from_oldest = false};
  subscription.patterns.emplace_back(plugin::Config{R"("orders.{region}")"});
  const auto member = std::make_unique<Reader>(*broker, std::move(subscription));
  member->await_event(DISPYTCH_ASSIGNED);  // of nothing
  EXPECT_TRUE(member->held.empty());
  put({{.topic = "orders.eu", .payload = "a"}, {.topic = "other.eu", .payload = "b"}});
  const auto messages = member->take(1);
  EXPECT_EQ(messages[0].topic, "orders.eu");
}

}  // namespace
}  // namespace dispytch::sqlite
