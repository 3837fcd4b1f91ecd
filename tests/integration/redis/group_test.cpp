// Members of a group: sharing, leaving, dying, giving back.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <stdexcept>
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
using ::testing::UnorderedElementsAre;

constexpr const char* kSoon = R"("claim_after": 600)";

// A member in a process of its own, which takes messages, settles nothing, and is killed.
class DoomedMember {
 public:
  DoomedMember(const std::string& address, std::size_t messages, const std::string& more = "") {
    int ready[2];
    if (pipe(ready) != 0) throw std::runtime_error{"no pipe can be made"};
    id_ = fork();
    if (id_ == 0) {
      char answer = 'n';
      try {
        Bus bus{address, kSoon};
        Listener listener{*bus.backend, "orders", "billing", more};
        listener.take(messages);
        answer = 'y';
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the parent is told by the answer
      }
      const ssize_t told = write(ready[1], &answer, 1);
      if (told == 1) pause();  // the listener is gone only where it threw
      _exit(1);
    }
    char answer = 'n';
    const ssize_t got = read(ready[0], &answer, 1);
    close(ready[0]);
    close(ready[1]);
    if (got != 1 || answer != 'y') throw std::runtime_error{"the other process got no messages"};
  }
  ~DoomedMember() {
    if (id_ > 0) kill();
  }
  void kill() {
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = -1;
  }

 private:
  pid_t id_ = -1;
};

class RedisGroup : public ::testing::Test {
 protected:
  RedisGroup() {
    server.make_stream("orders");
    Bus bus{server.address()};
    Emitter{*bus.backend}.publish("orders", {"1", "2", "3", "4"});
  }
  std::int64_t pending() const { return integer(element(*server.ask({"XPENDING", "orders", "billing"}), 0), -1); }
  std::vector<std::string> members() const {
    const Reply consumers = server.ask({"XINFO", "CONSUMERS", "orders", "billing"});
    std::vector<std::string> names;
    for (const redisReply* row : elements(*consumers)) names.emplace_back(text(member(*row, "name")));
    return names;
  }
  RedisServer server;
};

TEST_F(RedisGroup, AnotherMemberTakesWhatAKilledOneHad) {
  DoomedMember doomed{server.address(), 4};
  EXPECT_EQ(pending(), 4);
  doomed.kill();
  Bus bus{server.address(), kSoon};
  Listener listener{*bus.backend, "orders", "billing"};
  std::set<std::string> payloads;
  for (const Received& message : listener.take(4)) {
    EXPECT_EQ(message.attempt, 2U);
    payloads.insert(*message.payload);
    listener.settle(message);
  }
  EXPECT_THAT(payloads, UnorderedElementsAre("1", "2", "3", "4"));
  listener.sync();
  EXPECT_EQ(pending(), 0);
  EXPECT_EQ(bus.host.metric("takeovers"), 4);
}

TEST_F(RedisGroup, AKilledMemberOfTheSameNameGetsItsMessagesBackAtOnce) {
  DoomedMember doomed{server.address(), 4, R"("instance": "one")"};
  doomed.kill();
  Bus bus{server.address(), R"("claim_after": 3600000)"};
  Listener listener{*bus.backend, "orders", "billing", R"("instance": "one")"};
  EXPECT_EQ(listener.take(4)[0].attempt, 2U);
}

TEST_F(RedisGroup, WhatALiveMemberHasIsNotTaken) {
  Bus bus{server.address(), kSoon};
  Listener first{*bus.backend, "orders", "billing"};
  const std::vector<Received> held = first.take(4);
  Listener second{*bus.backend, "orders", "billing"};
  // Three times the time after which others may take what nobody speaks for.
  const auto until = std::chrono::steady_clock::now() + milliseconds{1800};
  while (std::chrono::steady_clock::now() < until) {
    second.step(milliseconds{50});
    ASSERT_TRUE(second.inbox.empty());
  }
  for (const Received& message : held) first.settle(message);
  first.sync();
  EXPECT_EQ(pending(), 0);
}

TEST_F(RedisGroup, AMemberThatLeavesGivesBackWhatItHasAndItsName) {
  Bus bus{server.address(), R"("claim_after": 3600000)"};
  {
    Listener first{*bus.backend, "orders", "billing"};
    const std::vector<Received> held = first.take(4);
    first.settle(held[0]);
    first.close();
  }
  EXPECT_EQ(pending(), 3) << "the removal of a member's name removes what is pending for it";
  EXPECT_THAT(members(), ElementsAre("dispytch:returned"));
  Listener second{*bus.backend, "orders", "billing"};
  const std::vector<Received> again = second.take(3);
  EXPECT_EQ(again[0].payload, "2");
  EXPECT_EQ(again[0].attempt, 2U);
}

TEST_F(RedisGroup, WhatWasFetchedAndNeverHandedOutCountsNoDelivery) {
  Bus bus{server.address(), R"("claim_after": 3600000)"};
  {
    Listener first{*bus.backend, "orders", "billing"};
    first.await(DISPYTCH_ASSIGNED);
    eventually([&] { return pending() == 4; }, "the messages are fetched");
    first.close();
  }
  Listener second{*bus.backend, "orders", "billing"};
  EXPECT_EQ(second.take(4)[0].attempt, 1U);
}

TEST_F(RedisGroup, AMessageOfAnotherMemberIsNotSettled) {
  Bus bus{server.address(), R"("claim_after": 3600000)"};
  Listener first{*bus.backend, "orders", "billing"};
  const std::vector<Received> held = first.take(4);
  server.ask({"XCLAIM", "orders", "billing", "somebody", "0", held[0].id});
  for (const Received& message : held) first.settle(message);
  first.sync();
  EXPECT_EQ(pending(), 1) << "the other member has it";
  EXPECT_EQ(bus.host.metric("fenced_settles"), 1);
  EXPECT_THAT(bus.host.log(),
              HasSubstr("1 messages of stream `orders`, such as " + held[0].id + ", were settled here and belong to another member"));
}

TEST_F(RedisGroup, AMessageThatAnotherMemberTookIsLost) {
  Bus bus{server.address(), kSoon};
  Listener first{*bus.backend, "orders", "billing"};
  const std::vector<Received> held = first.take(4);
  server.ask({"XCLAIM", "orders", "billing", "somebody", "0", held[2].id});
  const Event lost = first.await(DISPYTCH_LOST);
  EXPECT_THAT(lost.tokens, ElementsAre(held[2].token));
  EXPECT_EQ(first.try_settle({.token = held[2].token, .action = DISPYTCH_ACK}).code(), DISPYTCH_EFENCED);
}

TEST_F(RedisGroup, AttemptsOutliveTheMemberThatSaidThem) {
  Bus bus{server.address(), kSoon};
  {
    Listener first{*bus.backend, "orders", "billing"};
    const std::vector<Received> held = first.take(4);
    ASSERT_TRUE(
        first
            .try_settle(
                {.token = held[0].token, .action = DISPYTCH_REQUEUE, .delay_ms = 50, .flags = DISPYTCH_SETTLE_ATTEMPTS, .attempts = 3})
            .ok());
    for (std::size_t i = 1; i < 4; ++i) first.settle(held[i]);
    first.sync();
    first.close();
  }
  EXPECT_EQ(server.number_of({"ZCARD", "dispytch:{orders}:billing:delayed"}), 1);
  {
    DoomedMember doomed{server.address(), 1};
    doomed.kill();
  }
  Listener second{*bus.backend, "orders", "billing"};
  const Received again = second.take(1)[0];
  EXPECT_EQ(again.attempts, 3U);
  EXPECT_EQ(again.attempt, 2U) << "deliveries since the attempts were said";
  second.settle(again);
  second.sync();
  EXPECT_EQ(server.number_of({"EXISTS", "dispytch:{orders}:billing:messages", "dispytch:{orders}:billing:delayed"}), 0)
      << "nothing is left of it";
}

TEST_F(RedisGroup, AGivenBackMessageIsTakenByOneMember) {
  Bus bus{server.address(), kSoon};
  Listener first{*bus.backend, "orders", "billing"}, second{*bus.backend, "orders", "billing"};
  std::vector<Received> held;
  while (held.size() < 4) {
    for (Listener* each : {&first, &second}) {
      each->step(milliseconds{10});
      for (const Received& message : each->inbox) {
        ASSERT_TRUE(each->try_settle({.token = message.token, .action = DISPYTCH_REQUEUE, .delay_ms = 100}).ok());
        held.push_back(message);
      }
      each->inbox.clear();
    }
  }
  std::vector<std::string> again;
  eventually(
      [&] {
        for (Listener* each : {&first, &second}) {
          each->step(milliseconds{10});
          for (const Received& message : each->inbox) {
            again.push_back(*message.payload);
            each->settle(message);
          }
          each->inbox.clear();
        }
        return again.size() >= 4;
      },
      "all come again");
  first.sync();
  second.sync();
  EXPECT_THAT(again, UnorderedElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(pending(), 0);
}

TEST_F(RedisGroup, TrimmedMessagesAreToldAndHoldNothingUp) {
  Bus bus{server.address(), kSoon};
  {
    DoomedMember doomed{server.address(), 4};
    doomed.kill();
  }
  server.ask({"XTRIM", "orders", "MAXLEN", "=", "1"});
  Listener listener{*bus.backend, "orders", "billing"};
  EXPECT_EQ(listener.take(1)[0].payload, "4");
  eventually(
      [&] {
        listener.step(milliseconds{10});
        return bus.host.metric("messages_trimmed_unhandled") == 3;
      },
      "the three are told of");
  EXPECT_THAT(bus.host.log(), HasSubstr("were trimmed or deleted before group `billing` had settled them"));
  EXPECT_EQ(pending(), 1);
}

TEST_F(RedisGroup, SeveralStreamsAreReadAtOnce) {
  server.make_stream("letters");
  Bus bus{server.address()};
  Emitter{*bus.backend}.publish("letters", {"a"});
  Listener listener{*bus.backend, "orders letters", "billing"};
  std::vector<std::string> topics;
  for (const Received& message : listener.take(5)) topics.push_back(message.topic);
  EXPECT_EQ(std::ranges::count(topics, "orders"), 4);
  EXPECT_EQ(std::ranges::count(topics, "letters"), 1);
}

// Each round something is fetched at the moment when the member leaves.
TEST_F(RedisGroup, MembersThatComeAndGoLoseNothing) {
  Bus bus{server.address(), R"("claim_after": 3600000)"};
  Emitter emitter{*bus.backend};
  std::set<std::string> sent{"1", "2", "3", "4"}, handled;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> payloads;
    for (int i = 0; i < 20; ++i) payloads.push_back(std::to_string(round) + "." + std::to_string(i));
    sent.insert(payloads.begin(), payloads.end());
    Listener listener{*bus.backend, "orders", "billing"};
    listener.step(milliseconds{20});
    emitter.publish("orders", payloads);
    listener.step(milliseconds{20});
    for (const Received& message : listener.inbox) {
      handled.insert(*message.payload);
      listener.settle(message);
    }
    listener.close();
  }
  Listener last{*bus.backend, "orders", "billing"};
  while (handled.size() < sent.size()) {
    for (const std::string& payload : last.payloads(1)) handled.insert(payload);
  }
  EXPECT_EQ(handled, sent);
  last.sync();
  last.close();
  EXPECT_EQ(pending(), 0);
}

}  // namespace
}  // namespace dispytch::redis::testing
