// What a server and a network may do: nothing is lost, and each has its sentence.
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver.hpp"
#include "redis_server.hpp"
#include "support/proxy.hpp"

namespace dispytch::redis::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal_at_open(Bus& bus, const std::string& topic, const std::string& more = "") {
  try {
    Listener listener{*bus.backend, topic, "billing", more};
  } catch (const plugin::Exception& exception) {
    return exception.what();
  }
  return "opened";
}

class RedisFailure : public ::testing::Test {
 protected:
  RedisFailure() { server.make_stream("orders"); }
  std::int64_t pending() const { return integer(element(*server.ask({"XPENDING", "orders", "billing"}), 0), -1); }
  RedisServer server;
};

// ---- opening ----

TEST_F(RedisFailure, OpeningNamesWhatIsMissing) {
  Bus bus{server.address()};
  EXPECT_EQ(refusal_at_open(bus, "ordres"),
            "there is no stream `ordres` at " + server.address() + "; make it by `dispytch declare`, or set `declare: missing`");
  server.ask({"SET", "text", "x"});
  EXPECT_THAT(refusal_at_open(bus, "text"),
              AllOf(StartsWith("opening stream `text` at "), HasSubstr("the key holds something else than a stream")));
  EXPECT_THAT(refusal_at_open(bus, "orders", R"("start": "stored")"), HasSubstr("group `billing` has no position in stream `orders`"));
}

TEST_F(RedisFailure, OpeningAtNobodySaysThatNobodyAnswers) {
  Bus bus{"127.0.0.1:9"};
  try {
    Consumer consumer{Server{bus.host.host(), config_of(R"({"address": "127.0.0.1:9"})")},
                      plugin::Config{R"({"config": {}, "topics": [{"name": "orders"}], "group": "g"})"},
                      {.timeout = milliseconds{200}}};
    FAIL() << "opened";
  } catch (const plugin::Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_EUNAVAILABLE);
    EXPECT_STREQ(exception.what(), "the connection to Redis at 127.0.0.1:9 can't be made: Connection refused");
  }
}

TEST_F(RedisFailure, ALoginThatIsRefusedIsSaidAtOnce) {
  RedisServer locked{{"--requirepass", "secret"}};
  locked.make_stream("orders");
  const std::string at = " at " + locked.address();
  Bus without{locked.address()};
  EXPECT_THAT(refusal_at_open(without, "orders"), AllOf(HasSubstr(at + ": the server wants a login; set `password`")));
  Bus wrong{locked.address(), R"("password": "guessed")"};
  EXPECT_THAT(refusal_at_open(wrong, "orders"),
              AllOf(StartsWith("logging in to Redis" + at + ": the server refuses the login"), ::testing::Not(HasSubstr("guessed"))));
  Emitter emitter{*without.backend};
  std::vector<Reported> reports;
  eventually(
      [&] {
        emitter.send({{.topic = "orders", .payload = "p"}});
        return emitter.refusal.code == DISPYTCH_EAUTH;
      },
      "an emit is refused");
  EXPECT_THAT(emitter.refusal.text, HasSubstr("the server wants a login"));
  Bus right{locked.address(), R"("password": "secret")"};
  Emitter{*right.backend}.publish("orders", {"p"});
}

TEST_F(RedisFailure, AUserWithoutPermissionIsToldWhatIsMissing) {
  server.ask({"ACL", "SETUSER", "reader", "on", ">pw", "~*", "+ping", "+info", "+client|setname", "+client|id", "+xinfo"});
  Bus bus{server.address(), R"("username": "reader", "password": "pw")"};
  EXPECT_THAT(refusal_at_open(bus, "orders"), AllOf(HasSubstr("the user may not do that"), HasSubstr("ACL SETUSER"), HasSubstr("NOPERM")));
  Emitter emitter{*bus.backend};
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "p"}}), 1U);
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_EAUTH);
  EXPECT_THAT(report.text, StartsWith("adding to stream `orders` at " + server.address() + ": the user may not do that"));
}

// The permissions that the README lists are enough.
TEST_F(RedisFailure, AUserWithTheListedPermissionsCanDoAll) {
  server.ask({"ACL",
              "SETUSER",
              "orders",
              "on",
              ">pw",
              "resetkeys",
              "~orders",
              "~dispytch:{orders}:*",
              "+@stream",
              "+eval",
              "+hget",
              "+hset",
              "+hdel",
              "+zadd",
              "+zrem",
              "+zrange",
              "+zrangebyscore",
              "+zcard",
              "+time",
              "+ping",
              "+info",
              "+client|setname",
              "+client|id",
              "+client|kill",
              "+client|unblock"});
  Bus bus{server.address(), R"("username": "orders", "password": "pw", "claim_after": 600)"};
  Emitter{*bus.backend}.publish("orders", {"1", "2"});
  {
    Listener listener{*bus.backend, "orders", "billing"};
    const std::vector<Received> held = listener.take(2);
    const std::uint64_t tokens[] = {held[0].token};
    EXPECT_TRUE(listener.consumer().begin(tokens, true, kPatience).ok());
    listener.settle(held[0]);
    listener.settle(held[1], DISPYTCH_REQUEUE);
    listener.settle(listener.take(1)[0]);
    listener.sync();
    listener.close();
  }
  EXPECT_EQ(pending(), 0);
  EXPECT_THAT(bus.host.log(), ::testing::Not(HasSubstr("NOPERM")));
}

// ---- the server goes and comes back ----

TEST_F(RedisFailure, NothingThatWasConfirmedIsLostWhenTheServerIsKilled) {
  Bus bus{server.address(), R"("claim_after": 60000)"};
  Emitter emitter{*bus.backend};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  std::vector<Outgoing> messages;
  for (int i = 0; i < 20'000; ++i) messages.push_back({.topic = "orders", .payload = std::to_string(i)});
  ASSERT_EQ(emitter.send(messages), messages.size());
  std::vector<Reported> reports = emitter.await_reports(100);
  server.restart();
  for (Reported& more : emitter.await_reports(messages.size() - reports.size())) reports.push_back(std::move(more));
  for (const Reported& report : reports) ASSERT_EQ(report.code, DISPYTCH_OK) << report.text;
  std::set<std::string> handled;
  while (handled.size() < messages.size()) {
    listener.step(milliseconds{50});
    for (const Received& message : listener.inbox) {
      handled.insert(*message.payload);
      listener.settle(message);
    }
    listener.inbox.clear();
  }
  listener.sync();
  listener.close();
  EXPECT_EQ(pending(), 0);
  EXPECT_GE(bus.host.metric("reconnects"), 2);
}

TEST_F(RedisFailure, TheOrderOfAStreamOutlivesBrokenConnections) {
  network::Proxy proxy{{{.listen = 0, .target = server.port()}}};
  Bus bus{"127.0.0.1:" + std::to_string(proxy.port(0))};
  Emitter emitter{*bus.backend};
  std::vector<Outgoing> messages;
  for (int i = 0; i < 30'000; ++i) messages.push_back({.topic = "orders", .payload = std::to_string(i)});
  ASSERT_EQ(emitter.send(messages), messages.size());
  std::size_t confirmed = 0;
  for (int cuts = 0; cuts < 5; ++cuts) {
    confirmed += emitter.await_reports(1000).size();
    proxy.cut();
  }
  emitter.await_reports(messages.size() - confirmed);
  // Each may be there twice, where its answer was lost; the first of each come in the order in which they were sent.
  const Reply all = server.ask({"XRANGE", "orders", "-", "+"});
  int next = 0;
  for (const redisReply* entry : elements(*all)) {
    const int number = std::stoi(std::string{text(element(element(*entry, 1), 1))});
    ASSERT_LE(number, next) << "it came before the one that was sent before it";
    if (number == next) ++next;
  }
  EXPECT_EQ(next, 30'000);
}

// The server has read nothing of it when the connection breaks; what it reads later must not land behind the new connection's messages.
TEST_F(RedisFailure, LateBytesOfABrokenConnectionComeBeforeTheNewOnes) {
  Bus bus{server.address(), R"("response_timeout": 300)"};
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"0"});
  server.freeze();
  std::vector<Outgoing> messages;
  for (int i = 1; i <= 2'000; ++i) messages.push_back({.topic = "orders", .payload = std::to_string(i)});
  ASSERT_EQ(emitter.send(messages), messages.size());
  eventually([&] { return bus.host.log().find("did not answer within 300 ms") != std::string::npos; },
             "the connection is taken for broken");
  server.thaw();
  emitter.await_reports(messages.size());
  int next = 0;
  const Reply all = server.ask({"XRANGE", "orders", "-", "+"});
  for (const redisReply* entry : elements(*all)) {
    const int number = std::stoi(std::string{text(element(element(*entry, 1), 1))});
    ASSERT_LE(number, next);
    if (number == next) ++next;
  }
  EXPECT_EQ(next, 2'001);
}

TEST_F(RedisFailure, WithoutThePermissionToEndTheOldConnectionNothingIsSentAgain) {
  server.ask({"ACL", "SETUSER", "writer", "on", ">pw", "~*", "+ping", "+xadd"});
  network::Proxy proxy{{{.listen = 0, .target = server.port()}}};
  Bus bus{"127.0.0.1:" + std::to_string(proxy.port(0)), R"("username": "writer", "password": "pw")"};
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"0"});
  proxy.set({.drop_answers = true});
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "1"}}), 1U);
  eventually([&] { return server.number_of({"XLEN", "orders"}) == 2; }, "the message arrives");
  proxy.set({});
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_NE(report.flags & DISPYTCH_ERROR_MAYBE_SENT, 0U);
  EXPECT_THAT(report.text, HasSubstr("it may not be sent again: the user may not run CLIENT KILL"));
  EXPECT_EQ(server.number_of({"XLEN", "orders"}), 2);
}

TEST_F(RedisFailure, WhatIsSettledWhileTheConnectionIsAwayIsOnRecordLater) {
  network::Proxy proxy{{{.listen = 0, .target = server.port()}}};
  Bus bus{"127.0.0.1:" + std::to_string(proxy.port(0))};
  Emitter{*bus.backend}.publish("orders", {"1", "2", "3"});
  Listener listener{*bus.backend, "orders", "billing"};
  const std::vector<Received> held = listener.take(3);
  proxy.set({.refuse = true});
  EXPECT_THAT(listener.await(DISPYTCH_DOWN).text, HasSubstr("the connection to Redis at"));
  for (const Received& message : held) listener.settle(message);
  EXPECT_EQ(listener.consumer().sync(milliseconds{50}).code(), DISPYTCH_TIMEOUT);
  proxy.set({});
  listener.sync();
  EXPECT_EQ(pending(), 0);
  listener.await(DISPYTCH_UP);
  EXPECT_TRUE(listener.inbox.empty()) << "nothing comes again";
}

// The server has given entries to this member in an answer that never arrived.
TEST_F(RedisFailure, EntriesOfAnAnswerThatWasLostAreFound) {
  network::Proxy proxy{{{.listen = 0, .target = server.port()}}};
  Bus bus{"127.0.0.1:" + std::to_string(proxy.port(0)), R"("claim_after": 3600000)"};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  eventually(
      [&] {
        return integer(element(*server.ask({"XINFO", "CONSUMERS", "orders", "billing"}), 0), 0) == 0 &&
               server.text_of({"CLIENT", "LIST"}).find("cmd=xreadgroup") != std::string::npos;
      },
      "it waits at the server");
  proxy.set({.drop_answers = true});
  Bus direct{server.address()};
  Emitter{*direct.backend}.publish("orders", {"1"});
  eventually([&] { return pending() == 1; }, "the server has given it away");
  proxy.set({});
  const Received message = listener.take(1)[0];
  EXPECT_EQ(message.payload, "1");
  EXPECT_EQ(message.attempt, 2U) << "the server has delivered it twice";
  listener.settle(message);
  listener.sync();
  EXPECT_EQ(pending(), 0);
}

TEST_F(RedisFailure, AMemberThatWasCutOffForTooLongLosesWhatItHas) {
  network::Proxy proxy{{{.listen = 0, .target = server.port()}}};
  Bus bus{"127.0.0.1:" + std::to_string(proxy.port(0)), R"("claim_after": 600)"};
  Emitter{*bus.backend}.publish("orders", {"1"});
  Listener cut_off{*bus.backend, "orders", "billing"};
  const Received held = cut_off.take(1)[0];
  proxy.set({.refuse = true});
  const Event lost = cut_off.await(DISPYTCH_LOST);
  EXPECT_THAT(lost.tokens, ElementsAre(held.token));
  EXPECT_THAT(lost.text, HasSubstr("was not told for `claim_after` (600 ms) what is in hand"));
  Bus direct{server.address(), R"("claim_after": 600)"};
  Listener other{*direct.backend, "orders", "billing"};
  EXPECT_EQ(other.take(1)[0].attempt, 2U);
  EXPECT_EQ(cut_off.try_settle({.token = held.token, .action = DISPYTCH_ACK}).code(), DISPYTCH_EFENCED);
}

TEST_F(RedisFailure, AServerThatReadsItsDataIsWaitedFor) {
  Bus bus{server.address()};
  Emitter emitter{*bus.backend};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  for (int i = 0; i < 300; ++i) server.ask({"SET", "key-" + std::to_string(i), std::string(5'000, 'x')});
  server.ask({"BGREWRITEAOF"});
  eventually(
      [&] {
        return server.text_of({"INFO", "persistence"}).find("aof_rewrite_in_progress:0") != std::string::npos;
      },
      "the log is rewritten");
  server.restart({"--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024"}, false);
  EXPECT_THAT(listener.await(DISPYTCH_DOWN).text, HasSubstr("Redis"));
  emitter.publish("orders", {"1"});
  EXPECT_THAT(listener.payloads(1), ElementsAre("1"));
  EXPECT_THAT(bus.host.log(), HasSubstr("the server is still reading its data; it is tried again until the server is ready"));
}

// ---- the server refuses ----

TEST_F(RedisFailure, AServerWithoutMemoryIsWaitedFor) {
  Bus bus{server.address()};
  Emitter emitter{*bus.backend};
  emitter.publish("orders", {"0"});
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "1"}, {.topic = "orders", .payload = "2"}}), 2U);
  eventually([&] { return bus.host.log().find("the server has no memory left for it; raise its `maxmemory`") != std::string::npos; },
             "the log says why");
  EXPECT_TRUE(emitter.reports().empty());
  server.ask({"CONFIG", "SET", "maxmemory", "0"});
  for (const Reported& report : emitter.await_reports(2)) EXPECT_EQ(report.code, DISPYTCH_OK);
  Listener listener{*bus.backend, "orders", "billing"};
  EXPECT_THAT(listener.payloads(3), ElementsAre("0", "1", "2"));
}

TEST_F(RedisFailure, AMessageThatWaitsForMemoryInVainSaysSo) {
  Bus bus{server.address()};
  Emitter emitter{*bus.backend, milliseconds{300}};
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "1"}}), 1U);
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(report.flags & DISPYTCH_ERROR_MAYBE_SENT, 0U) << "the server said that it did not take it";
  EXPECT_THAT(report.text,
              AllOf(StartsWith("Redis at " + server.address() + " confirmed no message within 300 ms; "), HasSubstr("no memory left")));
}

TEST_F(RedisFailure, AReplicaIsNamedAndItsReturnAsAMasterIsNoticed) {
  Bus bus{server.address()};
  Emitter emitter{*bus.backend};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  server.ask({"REPLICAOF", "127.0.0.1", "9"});
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "1"}}), 1U);
  eventually(
      [&] {
        return bus.host.log().find("the server is a replica and takes no writes; let `address` name the master") != std::string::npos;
      },
      "the log says why");
  server.ask({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(emitter.await_reports(1).at(0).code, DISPYTCH_OK);
  EXPECT_THAT(listener.payloads(1), ElementsAre("1"));
}

// ---- somebody deletes ----

TEST_F(RedisFailure, AGroupThatIsDeletedIsMadeAgainAndNothingIsMissed) {
  Bus bus{server.address()};
  Emitter emitter{*bus.backend};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  server.ask({"XGROUP", "DESTROY", "orders", "billing"});
  emitter.publish("orders", {"1"});
  EXPECT_THAT(listener.payloads(1), ElementsAre("1"));
  EXPECT_THAT(bus.host.log(), HasSubstr("group `billing` of stream `orders` at " + server.address() + " was gone; it is made again"));
  EXPECT_EQ(bus.host.metric("groups_remade"), 1);
}

TEST_F(RedisFailure, AStreamThatIsDeletedIsToldOnceAndReadAgainWhenItIsBack) {
  Bus bus{server.address()};
  Emitter{*bus.backend}.publish("orders", {"1"});
  Listener listener{*bus.backend, "orders", "billing"};
  const Received held = listener.take(1)[0];
  server.ask({"DEL", "orders"});
  EXPECT_THAT(listener.await(DISPYTCH_LOST).text, HasSubstr("stream `orders` is gone"));
  EXPECT_THAT(listener.await(DISPYTCH_DOWN).text, HasSubstr("there is no such stream"));
  // It is looked for again meanwhile, and the log doesn't repeat itself.
  const auto tries = [&] { return server.text_of({"INFO", "commandstats"}); };
  const std::string before = tries();
  eventually([&] { return tries().find("cmdstat_xgroup|create:calls=3") != std::string::npos; }, "it is looked for again");
  const std::string log = bus.host.log();
  EXPECT_EQ(log.find("there is no such stream"), log.rfind("there is no such stream"));
  server.make_stream("orders");
  listener.await(DISPYTCH_UP);
  Emitter{*bus.backend}.publish("orders", {"2"});
  EXPECT_THAT(listener.payloads(1), ElementsAre("2"));
  EXPECT_EQ(listener.try_settle({.token = held.token, .action = DISPYTCH_ACK}).code(), DISPYTCH_EFENCED);
}

TEST_F(RedisFailure, AKeyOfAnotherKindInTheStreamsPlaceIsNamed) {
  Bus bus{server.address()};
  Listener listener{*bus.backend, "orders", "billing"};
  listener.await(DISPYTCH_ASSIGNED);
  server.ask({"DEL", "orders"});
  server.ask({"SET", "orders", "x"});
  EXPECT_THAT(listener.await(DISPYTCH_DOWN).text, HasSubstr("stream"));
  Emitter emitter{*bus.backend};
  ASSERT_EQ(emitter.send({{.topic = "orders", .payload = "p"}}), 1U);
  const Reported report = emitter.await_reports(1).at(0);
  EXPECT_EQ(report.code, DISPYTCH_EINVAL);
  EXPECT_THAT(report.text, HasSubstr("the key holds something else than a stream; name another topic, or rename that key"));
}

// ---- the end ----

TEST_F(RedisFailure, ClosingWithoutAServerEndsSoonAndSaysWhatIsNotOnRecord) {
  Bus bus{server.address()};
  Emitter{*bus.backend}.publish("orders", {"1"});
  Listener listener{*bus.backend, "orders", "billing"};
  const Received held = listener.take(1)[0];
  server.kill();
  listener.await(DISPYTCH_DOWN);
  listener.settle(held);
  const plugin::Status closed = listener.consumer().close(kPatience);
  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(closed.error().text,
              HasSubstr("did not take in time what was settled and given back; other members take it up after `claim_after`"));
}

}  // namespace
}  // namespace dispytch::redis::testing
