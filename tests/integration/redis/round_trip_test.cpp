// What others see of our messages, and we of theirs.
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver.hpp"
#include "redis_server.hpp"

namespace dispytch::redis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class RedisRoundTrip : public ::testing::Test {
 protected:
  RedisRoundTrip() { server.make_stream("orders"); }
  // The words of the entry that was written last.
  std::vector<std::string> last_fields() const {
    const Reply reply = server.ask({"XREVRANGE", "orders", "+", "-", "COUNT", "1"});
    std::vector<std::string> words;
    for (const redisReply* word : elements(element(element(*reply, 0), 1))) words.emplace_back(text(*word));
    return words;
  }
  RedisServer server;
  Bus bus{server.address()};
};

TEST_F(RedisRoundTrip, OthersReadOurFields) {
  Emitter emitter{*bus.backend};
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "p", .key = "k", .headers = {{"type", "created"}, {"none", std::nullopt}}}}), 1U);
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_OK);
  EXPECT_THAT(last_fields(), ElementsAre("key", "k", "payload", "p", "h:type", "created", "n:none", ""));
  const Reply last = server.ask({"XINFO", "STREAM", "orders"});
  ASSERT_TRUE(report.offset);
  EXPECT_EQ(EntryId::at(*report.offset).text(), text(member(*last, "last-generated-id")))
      << "a report's offset is the id that redis-cli shows";
}

TEST_F(RedisRoundTrip, WeReadWhatOthersWrite) {
  const std::string id = server.text_of({"XADD", "orders", "*", "payload", "x", "type", "created"});
  server.ask({"XADD", "orders", "*", "something", "else"});
  Listener listener{*bus.backend, "orders", "billing"};
  const std::vector<Received> messages = listener.take(2);
  EXPECT_EQ(messages[0].id, id);
  EXPECT_EQ(messages[0].payload, "x");
  EXPECT_THAT(messages[0].headers, ElementsAre(Pair("type", "created")));
  EXPECT_EQ(messages[1].payload, std::nullopt) << "an entry without a payload is for the host to judge, and never stays behind";
  EXPECT_THAT(messages[1].headers, ElementsAre(Pair("something", "else")));
  for (const Received& message : messages) listener.settle(message);
  listener.sync();
  EXPECT_EQ(integer(element(*server.ask({"XPENDING", "orders", "billing"}), 0), -1), 0);
}

TEST_F(RedisRoundTrip, FieldsHaveOtherNamesWhereConfigSaysSo) {
  Bus other{server.address(), R"("fields": {"payload": "body", "header_prefix": ""})"};
  Emitter emitter{*other.backend};
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "p", .headers = {{"type", "created"}}}}), 1U);
  emitter.await_reports(1);
  EXPECT_THAT(last_fields(), ElementsAre("body", "p", "type", "created"));
  Listener listener{*other.backend, "orders", "billing"};
  EXPECT_EQ(listener.take(1)[0].payload, "p");
}

TEST_F(RedisRoundTrip, AStreamIsTrimmedWhereConfigSaysSo) {
  Bus bounded{server.address(), R"("max_length": 100)"};
  Emitter emitter{*bounded.backend};
  emitter.publish("orders", std::vector<std::string>(1000, "p"));
  EXPECT_LT(server.number_of({"XLEN", "orders"}), 300);
}

TEST_F(RedisRoundTrip, AStreamIsMadeOnlyWhereConfigSaysSo) {
  Emitter emitter{*bus.backend};
  ASSERT_EQ(emitter.send({{.topic = "ordres", .payload = "p"}}), 1U);
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_ENOTFOUND);
  EXPECT_EQ(report.text,
            "there is no stream `ordres` at " + server.address() + "; make it by `dispytch declare`, or set `declare: missing`");
  EXPECT_EQ(server.number_of({"EXISTS", "ordres"}), 0);
  Bus making{server.address(), R"("declare": "missing")"};
  Emitter{*making.backend}.publish("made", {"p"});
  EXPECT_EQ(server.number_of({"XLEN", "made"}), 1);
}

TEST_F(RedisRoundTrip, AMessageLargerThanTheLimitIsRefusedAndTheNextOnePasses) {
  Bus small{server.address(), R"("max_message_bytes": 1000)"};
  Emitter emitter{*small.backend};
  EXPECT_EQ(emitter.send({{.topic = "orders", .payload = std::string(2000, 'x')}}), 0U);
  EXPECT_EQ(emitter.refusal.code, DISPYTCH_ETOOBIG);
  EXPECT_THAT(emitter.refusal.text, HasSubstr("`max_message_bytes` (1000)"));
  emitter.publish("orders", {"p"});
}

// ---- from outside ----

TEST_F(RedisRoundTrip, AGroupIsMovedAndForgotten) {
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"1", "2", "3", "4"});
  {
    Listener listener{*bus.backend, "orders", "billing"};
    const std::vector<Received> all = listener.take(4);
    listener.settle(all[0]);
    listener.settle(all[1]);
    listener.sync();
    EXPECT_THROW(static_cast<void>(bus.backend->forget_group("billing", kPatience)), plugin::Exception) << "it has a member";
    listener.close();
  }
  auto known = bus.backend->positions_of("billing", std::nullopt, kPatience);
  ASSERT_TRUE(known.ok());
  ASSERT_EQ((*known).size(), 1U);
  const std::string third = std::string{text(element(element(*server.ask({"XRANGE", "orders", "-", "+"}), 2), 0))};
  EXPECT_EQ((*known)[0].id, third);
  const plugin::GroupMove back{.topic = "orders", .to = DISPYTCH_MOVE_TO_EARLIEST};
  ASSERT_TRUE(bus.backend->move_group("billing", {&back, 1}, true, kPatience).ok());
  EXPECT_EQ(server.text_of({"TYPE", "dispytch:{orders}:billing:messages"}), "none");
  ASSERT_TRUE(bus.backend->move_group("billing", {&back, 1}, false, kPatience).ok());
  {
    Listener listener{*bus.backend, "orders", "billing"};
    EXPECT_THAT(listener.payloads(4), ElementsAre("1", "2", "3", "4"));
    listener.sync();
    listener.close();
  }
  const plugin::GroupMove to_third{.topic = "orders", .to = DISPYTCH_MOVE_TO_ID, .id = third};
  ASSERT_TRUE(bus.backend->move_group("billing", {&to_third, 1}, false, kPatience).ok());
  {
    Listener listener{*bus.backend, "orders", "billing"};
    EXPECT_THAT(listener.payloads(2), ElementsAre("3", "4"));
    listener.close();
  }
  ASSERT_TRUE(bus.backend->forget_group("billing", kPatience).ok());
  EXPECT_TRUE(elements(*server.ask({"XINFO", "GROUPS", "orders"})).empty());
}

TEST_F(RedisRoundTrip, ABacklogCountsWhatWaitsAndWhatIsInHand) {
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"1", "2", "3"});
  Listener listener{*bus.backend, "orders", "billing"};
  const std::vector<Received> all = listener.take(3);
  listener.settle(all[0]);
  listener.settle(all[1], DISPYTCH_REQUEUE);
  listener.sync();
  ASSERT_TRUE(listener.consumer().pause(std::vector<plugin::Source>{{.topic = "orders", .source = DISPYTCH_SOURCE(0, 1)}}, true).ok());
  emitter.publish("orders", {"4"});
  auto rows = bus.backend->backlog_of("billing", std::nullopt, kPatience);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ((*rows).size(), 1U);
  ASSERT_TRUE((*rows)[0].waiting && (*rows)[0].in_hand);
  EXPECT_EQ(*(*rows)[0].waiting + *(*rows)[0].in_hand, 3) << "2, which was given back, 3 and 4; each of them waits or was fetched";
}

// The server's own figure is wrong after these, and null where it can't tell.
TEST_F(RedisRoundTrip, ABacklogIsRightAfterEntriesWereDeleted) {
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"1", "2", "3", "4", "5"});
  {
    Listener listener{*bus.backend, "orders", "billing", R"("start": "latest")"};
    listener.step(milliseconds{0});
    listener.close();
  }
  emitter.publish("orders", {"6", "7", "8"});
  server.ask({"XTRIM", "orders", "MAXLEN", "=", "2"});
  auto rows = bus.backend->backlog_of("billing", "orders", kPatience);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[0].waiting, 2);
  server.ask({"XDEL", "orders", std::string{text(element(element(*server.ask({"XRANGE", "orders", "-", "+"}), 0), 0))}});
  rows = bus.backend->backlog_of("billing", "orders", kPatience);
  EXPECT_EQ((*rows)[0].waiting, 1);
}

TEST_F(RedisRoundTrip, DeclareMakesWhatIsMissingAndNamesWhatDiffers) {
  server.ask({"SET", "letters", "a string"});
  server.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const plugin::Config document{
      R"({"producers": [{"name": "out", "topics": ["letters"]}], "consumers": [{"name": "in", "group": "billing", "topics": [{"name": "orders"}, {"name": "new"}]}]})"};
  auto found = bus.backend->declare(document, true, kPatience);
  ASSERT_TRUE(found.ok());
  std::vector<std::string> objects;
  for (const plugin::Finding& each : *found) objects.push_back(each.object + (each.made ? " made" : ""));
  EXPECT_THAT(objects, ElementsAre("the server", "key `letters`", "group `billing` of stream `orders` made", "stream `new` made",
                                   "group `billing` of stream `new` made"));
  found = bus.backend->declare(document, false, kPatience);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found).size(), 2U) << "what can't be made is found again";
}

TEST_F(RedisRoundTrip, ALookDisturbsNothing) {
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"1", "2", "3"});
  auto browser = bus.backend->browse({.topic = "orders"}, kPatience);
  ASSERT_TRUE(browser.ok());
  emitter.publish("orders", {"4"});
  std::size_t count = 0;
  for (;;) {
    plugin::BatchOut out;
    ASSERT_TRUE((*browser)->read({.max_messages = 2, .max_bytes = 1000}, kPatience, out).ok());
    if (out.empty()) break;
    const dispytch_batch* batch = out.take();
    count += batch->n_messages;
    plugin::detail::Batch::release(batch);
  }
  EXPECT_EQ(count, 3U) << "what came after it began is no part of it";
  EXPECT_TRUE(elements(*server.ask({"XINFO", "GROUPS", "orders"})).empty());
}

}  // namespace
}  // namespace dispytch::redis::testing
