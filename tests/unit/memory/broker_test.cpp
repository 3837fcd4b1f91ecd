#include <cstdint>

#include <dispytch/plugin/murmur2.hpp>

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Options read(const char* json) { return read_options(plugin::Config{json}); }

// ---- options ----

TEST(Options, CreateTopicsAtTheirFirstUseUnlessSomeAreNamed) {
  EXPECT_TRUE(read("{}").auto_create);
  EXPECT_FALSE(read(R"({"topics":{"orders":{}}})").auto_create);
  EXPECT_TRUE(read(R"({"topics":{"orders":{}},"auto_create":true})").auto_create);
}

TEST(Options, OfATopicDefaultToThoseOfTheBroker) {
  const Options options = read(R"({"topics":{"a":{},"b":{"partitions":2,"max_bytes":7}},"default_partitions":4,"max_messages":9})");
  EXPECT_EQ(options.topics.at("a"), (TopicOptions{.partitions = 4, .max_messages = 9}));
  EXPECT_EQ(options.topics.at("b"), (TopicOptions{.partitions = 2, .max_messages = 9, .max_bytes = 7}));
}

std::string refusal(const char* json) {
  try {
    read(json);
    return "none";
  } catch (const plugin::Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ECONFIG);
    return exception.what();
  }
}

TEST(Options, AreRefusedWithTheirPointer) {
  EXPECT_THAT(refusal(R"({"topics":{},"auto_create":false})"), HasSubstr("/auto_create: a broker without topics is of no use"));
  EXPECT_THAT(refusal(R"({"topics":{"a":{"partitions":0}}})"), HasSubstr("/topics/a/partitions: expected an integer of at least 1"));
  EXPECT_THAT(refusal(R"({"topics":{"a":{"partitions":10001}}})"), HasSubstr("/topics/a/partitions: expected an integer of at most 10000"));
  EXPECT_THAT(refusal(R"({"max_bytes":0})"), HasSubstr("/max_bytes: expected an integer of at least 1"));
}

// ---- topics ----

TEST_F(BrokerTest, CreatesATopicAtItsFirstUse) {
  open({.others = {.partitions = 3}});
  EXPECT_EQ(send({.topic = "fresh", .partition = 2}).count, 1u);
  EXPECT_NE(find("fresh"), nullptr);
}

TEST_F(BrokerTest, AMissingTopicIsNamedWithThoseThereAre) {
  open(with_topics({{"orders", {}}, {"audit", {}}}));
  const plugin::Accepted accepted = send_all({{.topic = "orders"}, {.topic = "order"}, {.topic = "orders"}});
  EXPECT_EQ(accepted.count, 1u);
  EXPECT_EQ(accepted.status.code(), DISPYTCH_ENOTFOUND);
  EXPECT_EQ(accepted.status.error().text,
            "no topic `order` in the memory backend; name it under `topics`, or set auto_create: true. There are: audit, orders");
  EXPECT_THROW(reader({.names = {"order"}}), plugin::Exception);
}

TEST_F(BrokerTest, RefusesMoreTopicsThanOneConsumerCouldHold) {
  open({.others = {.partitions = 10'000}});
  for (int i = 0; i < 6; ++i) EXPECT_EQ(send({.topic = std::to_string(i)}).count, 1u);
  EXPECT_EQ(send({.topic = "6"}).status.code(), DISPYTCH_ETOOBIG);
}

TEST_F(BrokerTest, BackendsThatNameOneBrokerMeet) {
  Options options = one_topic(1);
  options.broker = "meeting point";
  open(options);
  const std::shared_ptr<Broker> other = Broker::open(options);
  EXPECT_EQ(other, broker);
  options.broker = "elsewhere";
  EXPECT_NE(Broker::open(options), broker);
  EXPECT_NE(Broker::open(one_topic(1)), Broker::open(one_topic(1))) << "without a name each backend has its own";
}

TEST_F(BrokerTest, BackendsOfOneBrokerAddTopicsAndMustAgreeAboutThem) {
  Options options = one_topic(1);
  options.broker = "agreement";
  open(options);
  options.topics["audit"] = {};
  Broker::open(options);
  EXPECT_NE(find("audit"), nullptr);
  options.topics["audit"] = {.partitions = 2};
  try {
    Broker::open(options);
    FAIL() << "two numbers of partitions were taken";
  } catch (const plugin::Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ECONFIG);
    EXPECT_THAT(exception.what(), HasSubstr("/config/topics/audit: broker `agreement`"));
  }
}

TEST_F(BrokerTest, ANamedBrokerEndsWithItsLastBackend) {
  Options options = one_topic(1);
  options.broker = "short life";
  Broker::open(options);
  options.topics["orders"] = {.partitions = 5};
  EXPECT_NO_THROW(Broker::open(options));
}

// ---- placing and reports ----

TEST_F(BrokerTest, PutsAKeyWhereKafkaDoes) {
  open(one_topic(7));
  for (const char* key : {"N14228", "", "21", "foobar"}) EXPECT_EQ(report_of({.key = key}).partition, plugin::partition_of(key, 7)) << key;
}

TEST_F(BrokerTest, MessagesWithoutKeyTakeTurns) {
  open(one_topic(3));
  std::vector<std::int32_t> partitions;
  for (int i = 0; i < 6; ++i) partitions.push_back(report_of({}).partition);
  EXPECT_THAT(partitions, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(BrokerTest, ReportsWhereAMessageWent) {
  open(one_topic(3));
  report_of({.partition = 2});
  const plugin::Report report = report_of({.partition = 2});
  EXPECT_EQ(report.partition, 2);
  EXPECT_EQ(report.offset, 1);
  EXPECT_EQ(report.token, last_token);
  EXPECT_EQ(report.flags, static_cast<std::uint32_t>(DISPYTCH_REPORT_PARTITION | DISPYTCH_REPORT_OFFSET));
}

TEST_F(BrokerTest, RefusesWhatItCannotKeep) {
  open(with_topics({{"orders", {.partitions = 2, .max_bytes = 10}}}));
  const plugin::Accepted partition = send({.partition = 2});
  EXPECT_EQ(partition.status.code(), DISPYTCH_EINVAL);
  EXPECT_EQ(partition.status.error().text, "topic `orders` has the partitions 0 to 1, the message names 2");
  const plugin::Accepted size = send({.payload = "eleven bytes"});
  EXPECT_EQ(size.status.code(), DISPYTCH_ETOOBIG);
  EXPECT_EQ(size.status.error().text, "the message has 12 bytes, topic `orders` holds at most 10; raise its max_bytes");
  EXPECT_EQ(send({.topic = ""}).status.code(), DISPYTCH_EINVAL);

  dispytch_message message{};
  message.topic = plugin::bytes("orders");
  EXPECT_EQ(producer->send({&message, sizeof(message), 1}).status.code(), DISPYTCH_EINVAL) << "no token";
}

TEST_F(BrokerTest, AHostThatPullsNoReportsIsHeldBack) {
  open(one_topic(1));
  const std::vector<Outgoing> many(10'000);
  std::size_t taken = 0;
  for (std::size_t last = 1; last != taken;) {
    last = taken;
    taken += send_all(many).count;
  }
  EXPECT_EQ(taken, 1u << 16);
  host.notified.clear();
  std::vector<plugin::Report> reports(10);
  EXPECT_EQ(producer->reports({reports.data(), sizeof(plugin::Report), reports.size()}), 10u);
  EXPECT_EQ(host.notified[kProducer], 1) << "there is room again";
  EXPECT_EQ(send_all(many).count, 10u);
}

// ---- bounds and retention ----

TEST_F(BrokerTest, AFullTopicHoldsTheProducerUntilAGroupSettles) {
  open(with_topics({{"orders", {.max_messages = 2}}}));
  const auto billing = reader();
  EXPECT_EQ(send_all({{}, {}, {}}).count, 2u);
  EXPECT_TRUE(send({}).status.ok()) << "full is no error";
  host.notified.clear();
  const std::vector<Received> messages = billing->poll_all();
  EXPECT_EQ(host.notified[kProducer], 0);
  EXPECT_EQ(billing->settle(messages[0].token), DISPYTCH_OK);
  EXPECT_EQ(host.notified[kProducer], 1);
  EXPECT_EQ(send_all({{}, {}}).count, 1u);
}

TEST_F(BrokerTest, BytesFillATopicToo) {
  open(with_topics({{"orders", {.max_bytes = 10}}}));
  const auto billing = reader();
  EXPECT_EQ(send_all({{.payload = "123456"}, {.payload = "12345"}}).count, 1u);
  EXPECT_EQ(send({.payload = "1234"}).count, 1u);
  EXPECT_EQ(send({.payload = "", .key = ""}).count, 1u) << "an empty message fits into nothing";
}

TEST_F(BrokerTest, AMessageIsKeptUntilEveryGroupHasSettledIt) {
  open(with_topics({{"orders", {.max_messages = 1}}}));
  const auto billing = reader(), audit = reader({.names = {"orders"}, .group = "audit"});
  EXPECT_EQ(send({}).count, 1u);
  EXPECT_EQ(billing->settle(billing->poll_all().at(0).token), DISPYTCH_OK);
  EXPECT_EQ(send({}).count, 0u);
  EXPECT_EQ(audit->settle(audit->poll_all().at(0).token), DISPYTCH_OK);
  EXPECT_EQ(send({}).count, 1u);
}

TEST_F(BrokerTest, AGroupWithoutConsumersStillHoldsItsMessages) {
  open(with_topics({{"orders", {.max_messages = 1}}}));
  reader().reset();
  EXPECT_EQ(send({.payload = "kept"}).count, 1u);
  EXPECT_EQ(send({}).count, 0u);
  EXPECT_EQ(reader()->poll_all().at(0).payload, "kept");
}

TEST_F(BrokerTest, AConsumerWithoutGroupHoldsNothingOnceItIsGone) {
  open(with_topics({{"orders", {.max_messages = 2}}}));
  const auto billing = reader();
  auto tail = reader({.names = {"orders"}});
  EXPECT_EQ(send_all({{}, {}}).count, 2u);
  EXPECT_EQ(tail->poll_all().size(), 2u);
  for (const Received& message : billing->poll_all()) billing->settle(message.token);
  EXPECT_EQ(send({}).count, 0u);
  host.notified.clear();
  tail.reset();
  EXPECT_EQ(host.notified[kProducer], 1);
  EXPECT_EQ(send_all({{}, {}}).count, 2u);
}

TEST_F(BrokerTest, ATopicThatNobodyReadsKeepsAllThatFitsAndSaysSoOnce) {
  open(with_topics({{"orders", {.max_messages = 2}}}));
  EXPECT_EQ(send_all({{.payload = "first"}, {}, {}}).count, 2u);
  EXPECT_EQ(send({}).count, 0u);
  EXPECT_THAT(host.log, ElementsAre(HasSubstr("topic `orders` is full and no consumer group reads it")));
  EXPECT_EQ(reader()->poll_all().at(0).payload, "first");
}

TEST_F(BrokerTest, AFullTopicThatIsReadIsNoNews) {
  open(with_topics({{"orders", {.max_messages = 1}}}));
  const auto billing = reader();
  EXPECT_EQ(send_all({{}, {}}).count, 1u);
  EXPECT_THAT(host.log, IsEmpty());
}

TEST_F(BrokerTest, AClosedProducerIsNotToldOfRoom) {
  open(with_topics({{"orders", {.max_messages = 1}}}));
  const auto billing = reader();
  EXPECT_EQ(send_all({{}, {}}).count, 1u);
  producer.reset();
  host.notified.clear();
  billing->settle(billing->poll_all().at(0).token);
  EXPECT_EQ(host.notified[kProducer], 0);
}

}  // namespace
}  // namespace dispytch::memory
