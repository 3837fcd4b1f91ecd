#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

#include "fixture.hpp"

namespace dispytch::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kAssigned = DISPYTCH_ASSIGNED, kRevoking = DISPYTCH_REVOKING, kLost = DISPYTCH_LOST;

class GroupTest : public BrokerTest {
 protected:
  std::unique_ptr<Reader> join(std::string topic = "orders") { return reader({.names = {std::move(topic)}, .group = "billing"}); }
  // Until no rebalance is under way. Messages that come are thrown away.
  static void settle_down(const std::vector<Reader*>& members) {
    for (int round = 0; round < 4; ++round) {
      for (Reader* member : members) member->poll_all();
    }
  }
};

TEST_F(GroupTest, SpreadsPartitionsOverItsMembers) {
  open(one_topic(8));
  const auto a = join();
  settle_down({a.get()});
  EXPECT_THAT(a->partitions(), SizeIs(8));
  const auto b = join(), c = join();
  settle_down({a.get(), b.get(), c.get()});
  std::set<std::int32_t> all;
  for (const Reader* member : {a.get(), b.get(), c.get()}) {
    EXPECT_GE(member->partitions().size(), 2u);
    EXPECT_LE(member->partitions().size(), 3u);
    for (const std::int32_t partition : member->partitions()) EXPECT_TRUE(all.insert(partition).second) << partition << " is held twice";
  }
  EXPECT_THAT(all, SizeIs(8));
}

TEST_F(GroupTest, MovesNoMoreThanItMust) {
  open(one_topic(6));
  auto a = join(), b = join();
  settle_down({a.get(), b.get()});
  const std::vector<std::int32_t> before = a->partitions();
  auto c = join();
  settle_down({a.get(), b.get(), c.get()});
  EXPECT_THAT(a->partitions(), SizeIs(2));
  for (const std::int32_t partition : a->partitions()) EXPECT_THAT(before, testing::Contains(partition));
  c.reset();
  const std::vector<std::int32_t> kept = a->partitions();
  settle_down({a.get(), b.get()});
  EXPECT_THAT(a->partitions(), testing::IsSupersetOf(kept));
  EXPECT_THAT(a->partitions(), SizeIs(3));
}

TEST_F(GroupTest, MoreMembersThanPartitionsLeaveSomeIdle) {
  open(one_topic(1));
  auto a = join();
  const auto b = join();
  settle_down({a.get(), b.get()});
  EXPECT_THAT(a->partitions(), SizeIs(1));
  EXPECT_THAT(b->events, ElementsAre(kAssigned)) << "it knows that there is nothing for it";
  EXPECT_THAT(b->partitions(), IsEmpty());
  a.reset();
  settle_down({b.get()});
  EXPECT_THAT(b->partitions(), SizeIs(1));
  EXPECT_THAT(b->events, ElementsAre(kAssigned, kAssigned));
}

TEST_F(GroupTest, TellsAMemberThatNothingIsLeftForIt) {
  open(one_topic(1));
  const auto b = join();
  settle_down({b.get()});
  EXPECT_THAT(b->partitions(), SizeIs(1));
  const auto c = join();
  settle_down({b.get(), c.get()});
  EXPECT_THAT(c->events, ElementsAre(kAssigned));
  EXPECT_THAT(c->partitions(), IsEmpty());
}

TEST_F(GroupTest, MembersGetTheTopicsThatTheySubscribeTo) {
  open(with_topics({{"orders", {.partitions = 2}}, {"audit", {.partitions = 2}}}));
  const auto orders = join("orders"), audit = join("audit");
  settle_down({orders.get(), audit.get()});
  for (const auto& [source, description] : orders->held) EXPECT_EQ(description.topic, "orders");
  for (const auto& [source, description] : audit->held) EXPECT_EQ(description.topic, "audit");
  EXPECT_THAT(orders->partitions(), SizeIs(2));
  EXPECT_THAT(audit->partitions(), SizeIs(2));
}

TEST_F(GroupTest, AnAssignmentSaysWhereItBegins) {
  open(one_topic(1));
  for (int i = 0; i < 5; ++i) put({});
  {
    const auto a = join();
    const std::vector<Received> messages = a->poll_all();
    a->settle(messages[1].token, DISPYTCH_ACK_UP_TO);
    a->settle(messages[2].token);
  }
  const auto b = join();
  b->poll();
  const plugin::Source& source = b->held.begin()->second;
  EXPECT_EQ(source.offset, 3) << "what was settled apart doesn't come again";
  EXPECT_EQ(source.high, 5);
}

TEST_F(GroupTest, APartitionGoesWhenItsRevocationIsAcknowledged) {
  open(one_topic(2));
  const auto a = join();
  settle_down({a.get()});
  put_all({{.partition = 0}, {.partition = 1}});
  const std::vector<Received> messages = a->poll_all();
  const auto b = join();
  a->acknowledge_events = false;
  a->poll();
  EXPECT_EQ(a->events.back(), kRevoking);
  EXPECT_EQ(a->last_deadline_ms, 60'000);
  EXPECT_THAT(b->poll_all(), IsEmpty());
  EXPECT_THAT(b->events, IsEmpty()) << "it is held until then";
  const Received& going = a->held.contains(messages[0].source) ? messages[1] : messages[0];
  EXPECT_EQ(a->settle(a->last_event), DISPYTCH_OK);
  EXPECT_EQ(a->settle(going.token), DISPYTCH_EFENCED);
  const std::vector<Received> again = b->poll_all();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].partition, going.partition);
  EXPECT_EQ(again[0].attempt, 2u);
}

TEST_F(GroupTest, ARecalledPartitionDeliversNothingMore) {
  open(one_topic(2));
  const auto a = join();
  settle_down({a.get()});
  const auto b = join();
  a->acknowledge_events = false;
  put_all({{.partition = 0}, {.partition = 1}});
  EXPECT_THAT(a->poll(), IsEmpty());
  EXPECT_EQ(a->events.back(), kRevoking);
  EXPECT_THAT(a->poll(), SizeIs(1)) << "of the partition that stays";
  EXPECT_THAT(a->poll(), IsEmpty());
}

TEST_F(GroupTest, ARecalledPartitionIsTakenAwayAtItsDeadline) {
  Options options = one_topic(2);
  options.rebalance_timeout = milliseconds{500};
  open(options);
  const auto a = join();
  settle_down({a.get()});
  put_all({{.partition = 0}, {.partition = 1}});
  const std::vector<Received> messages = a->poll_all();
  const auto b = join();
  a->acknowledge_events = false;
  host.now += milliseconds{200};
  a->poll();
  EXPECT_EQ(a->last_deadline_ms, 300) << "the time runs from when the other joined";
  const std::uint64_t revoking = a->last_event;
  host.now += milliseconds{299};
  EXPECT_THAT(b->poll_all(), IsEmpty());
  host.now += milliseconds{1};
  EXPECT_THAT(b->poll_all(), SizeIs(1)) << "any member's poll finds the deadline over";
  a->poll();
  EXPECT_EQ(a->events.back(), kLost);
  EXPECT_THAT(a->partitions(), SizeIs(1));
  for (const Received& message : messages) {
    EXPECT_EQ(a->settle(message.token), a->held.contains(message.source) ? DISPYTCH_OK : DISPYTCH_EFENCED);
  }
  EXPECT_EQ(a->settle(revoking), DISPYTCH_OK) << "an acknowledgement that comes late does no harm";
  EXPECT_THAT(b->partitions(), SizeIs(1));
}

TEST_F(GroupTest, AMemberThatNeverPollsLosesWhatIsRecalled) {
  open(one_topic(2));
  const auto a = join();
  settle_down({a.get()});
  const auto b = join();
  host.now += milliseconds{60'000};
  settle_down({b.get()});
  EXPECT_THAT(b->partitions(), SizeIs(1));
  a->poll();
  EXPECT_THAT(a->events, ElementsAre(kAssigned, kLost));
}

TEST_F(GroupTest, APartitionThatWasNeverAnnouncedGoesInSilence) {
  open(one_topic(2));
  const auto a = join(), b = join();
  settle_down({a.get(), b.get()});
  EXPECT_THAT(a->events, ElementsAre(kAssigned));
  EXPECT_THAT(b->events, ElementsAre(kAssigned));
  EXPECT_THAT(a->partitions(), SizeIs(1));
}

TEST_F(GroupTest, ARecallIsTakenBackWhenTheOtherLeaves) {
  open(one_topic(2));
  const auto a = join();
  settle_down({a.get()});
  join().reset();
  put_all({{.partition = 0}, {.partition = 1}});
  EXPECT_THAT(a->poll_all(), SizeIs(2));
  EXPECT_THAT(a->events, ElementsAre(kAssigned));
}

TEST_F(GroupTest, ARevocationUnderWayIsFinishedAndThePartitionComesBackAnew) {
  open(one_topic(2));
  const auto a = join();
  settle_down({a.get()});
  const auto before = a->held;
  auto b = join();
  a->acknowledge_events = false;
  a->poll();
  b.reset();
  EXPECT_EQ(a->settle(a->last_event), DISPYTCH_OK);
  a->acknowledge_events = true;
  a->poll_all();
  EXPECT_THAT(a->events, ElementsAre(kAssigned, kRevoking, kAssigned));
  EXPECT_THAT(a->partitions(), ElementsAre(0, 1));
  EXPECT_NE(a->held.rbegin()->first, before.rbegin()->first) << "another generation";
}

TEST_F(GroupTest, EveryMessageComesThroughWhileMembersComeAndGo) {
  constexpr int kProducers = 2, kEach = 2'000, kRounds = 30;
  Options options = one_topic(4);
  options.topics["orders"].max_messages = 100;
  open(options);
  std::mutex mutex;  // guards settled
  std::set<std::string> settled;
  std::atomic<bool> done{false};

  const auto consume = [&](const auto& go_on) {
    Reader member{broker, host, kConsumer, {.names = {"orders"}, .group = "billing"}};
    while (go_on()) {
      for (const Received& message : member.poll()) {
        if (member.settle(message.token) != DISPYTCH_OK) continue;
        const std::lock_guard lock{mutex};
        EXPECT_TRUE(settled.insert(message.payload).second) << message.payload << " was settled twice";
      }
      std::this_thread::yield();
    }
  };
  std::vector<std::jthread> threads;
  host.raw.notify = [](void*, std::uint64_t) noexcept {};
  threads.emplace_back([&] { consume([&] { return !done; }); });
  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) {
      int polls = 0;
      consume([&] { return ++polls < 20; });
    }
  });
  for (int p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      Producer sender{broker, plugin::Host{&host.raw}, plugin::Notify{}};
      std::vector<plugin::Report> reports(10);
      for (int i = 0; i < kEach;) {
        const std::string payload = std::to_string(p) + "-" + std::to_string(i);
        dispytch_message message{};
        message.topic = plugin::bytes("orders");
        message.payload = plugin::bytes(payload);
        message.token = 1;
        if (sender.send({&message, sizeof(message), 1}).count == 1) {
          ++i;
        } else {
          std::this_thread::yield();
        }
        sender.reports({reports.data(), sizeof(plugin::Report), reports.size()});
      }
    });
  }
  const auto all = [&] {
    const std::lock_guard lock{mutex};
    return settled.size() == std::size_t{kProducers * kEach};
  };
  while (!all()) std::this_thread::yield();
  done = true;
}

}  // namespace
}  // namespace dispytch::memory
