#include "consumer.hpp"

#include <cstdint>
#include <filesystem>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConsumerTest : public BrokerTest {};

TEST_F(ConsumerTest, GoesOnWhereItsGroupHasStored) {
  open(options());
  put({{.payload = "a"}, {.payload = "b"}, {.payload = "c"}});
  {
    const auto first = reader();
    const auto messages = first->take(3);
    first->finish({messages[0]});
    EXPECT_EQ(first->settle(messages[1].token), DISPYTCH_OK);
    EXPECT_TRUE(first->consumer.close(std::chrono::seconds{5}).ok());  // stores what is settled
  }
  close();
  open(options());
  const auto second = reader();
  EXPECT_THAT(payloads(second->take(1)), ElementsAre("c"));
}

TEST_F(ConsumerTest, OfANewGroupBeginsAtTheEndWhereThatIsWanted) {
  open(options());
  put({{.payload = "before"}});
  const auto member = reader({.names = {"orders"}, .group = "billing", .from_oldest = false});
  member->await_event(DISPYTCH_ASSIGNED);
  put({{.payload = "after"}});
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("after"));
}

// By its bell, which is another backend's here: that of this one isn't rung.
TEST_F(ConsumerTest, NoticesWhatAnotherBackendOfTheFileWrites) {
  open(options());
  Broker listening{options(), plugin::Host{&host.raw}};
  Reader member{listening, {.names = {"orders"}, .group = "billing"}};
  member.await_event(DISPYTCH_ASSIGNED);
  put({{.payload = "a"}});
  EXPECT_THAT(payloads(member.take(1)), ElementsAre("a"));
}

TEST_F(ConsumerTest, NoticesWhatIsWrittenThoughTheBellWasDeleted) {
  open(options());
  Broker listening{options(), plugin::Host{&host.raw}};
  Reader member{listening, {.names = {"orders"}, .group = "billing"}};
  member.await_event(DISPYTCH_ASSIGNED);
  for (const char* payload : {"a", "b"}) {
    std::filesystem::remove(path() + "-bell");
    put({{.payload = payload}});
    EXPECT_THAT(payloads(member.take(1)), ElementsAre(payload));
  }
}

TEST_F(ConsumerTest, WithoutAGroupReadsEverythingAndLeavesNothing) {
  open(options({{"orders", {.partitions = 3}}}));
  put({{.payload = "a", .partition = 0}, {.payload = "b", .partition = 1}, {.payload = "c", .partition = 2}});
  for (int look = 0; look < 2; ++look) {
    const auto one = reader({.names = {"orders"}, .group = "look", .ephemeral = true});
    const auto messages = one->take(3);
    one->finish(messages);
    EXPECT_TRUE(one->consumer.close(std::chrono::seconds{5}).ok());
  }
  EXPECT_EQ(number("SELECT (SELECT count(*) FROM consumer_groups) + (SELECT count(*) FROM members) + (SELECT count(*) FROM positions)"), 0);
}

TEST_F(ConsumerTest, TakesNothingButAcknowledgementsUpToAMessage) {
  open(options());
  put({{.payload = "a"}});
  const auto member = reader();
  const auto messages = member->take(1);
  for (const std::uint32_t action : {DISPYTCH_ACK, DISPYTCH_REQUEUE, DISPYTCH_REJECT}) {
    const dispytch_settlement settlement{messages[0].token, action, 0};
    const plugin::Status status = member->consumer.settle({&settlement, sizeof(settlement), 1});
    EXPECT_EQ(status.code(), DISPYTCH_ENOTIMPL);
    EXPECT_THAT(status.error().text, HasSubstr("up to a message"));
  }
  EXPECT_EQ(member->settle(messages[0].token), DISPYTCH_OK);
  EXPECT_EQ(member->settle(messages[0].token), DISPYTCH_EFENCED);
  EXPECT_EQ(member->settle(event_token(99), DISPYTCH_ACK), DISPYTCH_EFENCED);
}

TEST_F(ConsumerTest, RefusesPlacesAndSourcesThatThereAreNot) {
  open(options());
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  const std::vector<plugin::Source> unknown{{.source = 4711, .offset = 0}};
  EXPECT_EQ(member->consumer.pause(unknown, true).code(), DISPYTCH_EFENCED);
  EXPECT_EQ(member->consumer.seek(unknown, milliseconds{0}).code(), DISPYTCH_EFENCED);
  const std::vector<plugin::Source> nowhere{{.source = member->held.begin()->first}};
  EXPECT_EQ(member->consumer.seek(nowhere, milliseconds{0}).code(), DISPYTCH_EINVAL);
}

TEST_F(ConsumerTest, OfATopicWithoutAWordIsRefused) {
  EXPECT_EQ(thrown_by([] { plugin::read_subscription(plugin::Config{R"({"topics": []})"}); }).code, DISPYTCH_ECONFIG);
  const plugin::Error error = thrown_by([] { plugin::read_subscription(plugin::Config{R"({"topics": [{"pattern": "^("}]})"}); });
  EXPECT_THAT(error.text, HasSubstr("expected a POSIX extended regular expression"));
}

}  // namespace
}  // namespace dispytch::sqlite
