// Consumer groups: sharing, handing over, fencing.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <thread>

#include "kit/commands.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

constexpr std::uint64_t kGroups = kFlow | DISPYTCH_CAN_GROUPS;
constexpr std::uint64_t kShared = kGroups | DISPYTCH_CAN_PARTITIONS;

struct Member {
  explicit Member(Scene& scene) : consumer{scene.consumer()}, reader{scene, *consumer} {}
  std::unique_ptr<Consumer> consumer;
  Reader reader;
};

// A first member that holds everything, of a topic with at least two partitions.
std::unique_ptr<Member> first_member(Scene& scene) {
  auto member = std::make_unique<Member>(scene);
  member->reader.await_event(DISPYTCH_ASSIGNED);
  expect(member->reader.held.size() >= 2, "topic `", scene.options.topic, "` has ", member->reader.held.size(),
         " partitions; the rules about groups need at least two");
  return member;
}

// Polls both until the second one holds some of what the first held, and nothing is in between.
void share(Scene& scene, Member& first, Member& second, std::size_t total) {
  first.reader.until(
      [&] {
        second.reader.step(Milliseconds{20});
        return !second.reader.held.empty() && first.reader.held.size() + second.reader.held.size() == total;
      },
      say("two consumers of a group never came to share ", total, " partitions of topic `", scene.options.topic, "`"));
}

std::set<std::int32_t> partitions(const Reader& reader) {
  std::set<std::int32_t> all;
  for (const auto& [number, source] : reader.held) all.insert(source.partition);
  return all;
}

// A message for each of the partitions, numbered like it.
std::vector<Message> one_each(Scene& scene, std::size_t total) {
  std::vector<Message> messages;
  for (std::int32_t p = 0; p < static_cast<std::int32_t>(total); ++p) {
    messages.push_back(scene.message(p));
    messages.back().partition = p;
  }
  return messages;
}

void every_group_gets_all(Scene& scene) {
  const auto first = scene.consumer({.group = "-a"}), second = scene.consumer({.group = "-b"});
  scene.publish(scene.messages(0, 20));
  for (Consumer* consumer : {first.get(), second.get()}) {
    Reader reader{scene, *consumer};
    reader.ack_all(reader.take(20));
  }
}

void members_share(Scene& scene) {
  const auto first = first_member(scene);
  const std::size_t total = first->reader.held.size();
  Member second{scene};
  share(scene, *first, second, total);
  expect(!first->reader.held.empty(), "when a second consumer joined, the first one lost all of its ", total, " partitions");
  for (const std::int32_t partition : partitions(first->reader)) {
    expect(!partitions(second.reader).contains(partition), "partition ", partition, " was given to two consumers of a group");
  }
  expect(partitions(first->reader).size() + partitions(second.reader).size() == total, "two sources are one partition");

  scene.publish(one_each(scene, total));
  std::size_t came = 0;
  first->reader.until(
      [&] {
        second.reader.step(Milliseconds{20});
        return first->reader.inbox.size() + second.reader.inbox.size() >= total;
      },
      "a message for each partition was sent, and some never came");
  for (const Member* member : {first.get(), &second}) {
    for (const Received& message : member->reader.inbox) {
      ++came;
      expect(member->reader.held.contains(message.source), "a consumer got a message of partition ", message.partition,
             ", which is another's");
    }
  }
  expect(came == total, total, " messages were sent to a group, ", came, " came");
}

void revoking_waits_for_its_token(Scene& scene) {
  const auto first = first_member(scene);
  const std::size_t total = first->reader.held.size();
  first->reader.acknowledge_events = false;
  scene.publish(one_each(scene, total));
  const std::vector<Received> all = first->reader.take(total);
  const std::size_t seen = first->reader.events.size();

  Member second{scene};
  first->reader.until(
      [&] {
        second.reader.step(Milliseconds{20});
        return std::any_of(first->reader.events.begin() + static_cast<std::ptrdiff_t>(seen), first->reader.events.end(),
                           [](const Event& event) { return event.kind == DISPYTCH_REVOKING; });
      },
      "a second consumer joined, and the first one got no REVOKING");
  const Event revoking = first->reader.await_event(DISPYTCH_REVOKING, seen);
  expect(revoking.token != 0, "REVOKING has no event_token");
  expect(!revoking.sources.empty(), "REVOKING names no source");
  expect(second.reader.held.empty(), "the second consumer was given partitions before the first one had acknowledged REVOKING");

  // What is settled while REVOKING is open counts.
  std::set<int> settled;
  for (const Received& message : all) {
    if (std::find(revoking.sources.begin(), revoking.sources.end(), message.source) == revoking.sources.end()) continue;
    if (settled.empty()) {
      first->reader.ack_all({message});
      settled.insert(message.number);
    }
  }
  first->consumer->sync(scene.options.patience);
  first->reader.acknowledge_events = true;
  first->reader.acknowledge(revoking);
  share(scene, *first, second, total);
  for (const Member* member : {first.get(), &second}) {
    for (const Received& message : member->reader.inbox) {
      expect(!settled.contains(message.number), "message ", message.number, " was settled before its partition went, and came again");
    }
  }
}

void revoked_tokens_are_fenced(Scene& scene) {
  const auto first = first_member(scene);
  const std::size_t total = first->reader.held.size();
  scene.publish(one_each(scene, total));
  const std::vector<Received> all = first->reader.take(total);
  Member second{scene};
  share(scene, *first, second, total);

  const std::uint32_t action = scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO;
  std::set<int> gone;
  for (const Received& message : all) {
    if (first->reader.held.contains(message.source)) continue;
    gone.insert(message.number);
    const Outcome outcome = first->consumer->settle({{message.token, action, 0}});
    expect(outcome.status == DISPYTCH_EFENCED, "settling a message of a partition that was revoked is ", to_string(outcome),
           ", expected EFENCED");
  }
  expect(!gone.empty(), "a second consumer joined, and no partition went to it");
  first->reader.until(
      [&] {
        second.reader.step(Milliseconds{20});
        return first->reader.inbox.size() + second.reader.inbox.size() >= gone.size();
      },
      "messages of revoked partitions were not settled, and never came to who holds them now");
}

void close_hands_over(Scene& scene) {
  const auto first = first_member(scene);
  const std::size_t total = first->reader.held.size();
  Member second{scene};
  share(scene, *first, second, total);
  const Outcome closed = first->consumer->close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
  second.reader.until([&] { return second.reader.held.size() == total; },
                      "one of two consumers closed, and the other never got its partitions");
  scene.publish(one_each(scene, total));
  second.reader.take(total);
}

void a_source_returns_as_another(Scene& scene) {
  const auto first = first_member(scene);
  const std::size_t total = first->reader.held.size();
  const auto before = first->reader.held;
  std::set<std::uint32_t> gone;
  {
    Member second{scene};
    share(scene, *first, second, total);
    for (const auto& [number, source] : before) {
      if (!first->reader.held.contains(number)) gone.insert(number);
    }
  }
  first->reader.until([&] { return first->reader.held.size() == total; },
                      "the second consumer closed, and the first never got its partitions back");
  for (const auto& [number, source] : first->reader.held) {
    expect(!gone.contains(number), "a source that was revoked came back with the same number, so that late settlements can't be told");
  }
}

void an_ephemeral_look_leaves_nothing(Scene& scene) {
  scene.publish(scene.messages(0, 3));
  for (int look = 1; look <= 2; ++look) {
    const auto consumer = scene.consumer({.ephemeral = true});
    Reader reader{scene, *consumer};
    reader.ack_all(reader.take(3));  // never comes where the look before left its position
    const Outcome closed = consumer->close(scene.options.patience);
    expect(closed.ok(), "close failed: ", to_string(closed));
  }
}

void an_ephemeral_reader_leaves_nothing_behind(Scene& scene) {
  scene.publish({scene.message(0)});
  {
    const auto consumer = scene.consumer({.group = "-ephemeral", .ephemeral = true});
    Reader reader{scene, *consumer};
    reader.take(1);
  }
  const auto deadline = std::chrono::steady_clock::now() + scene.options.slack;
  while (run_command("commands: list", scene.options.commands.list).find(scene.tag + "-ephemeral") != std::string::npos) {
    expect(std::chrono::steady_clock::now() < deadline, "an ephemeral consumer is closed, and `commands: list` still names its group ",
           scene.tag, "-ephemeral");
    std::this_thread::sleep_for(Milliseconds{20});
  }
}

// One member stays, others come and go, each with messages in hand that it never settles, while messages are sent.
void members_come_and_go_under_load(Scene& scene) {
  const auto staying = scene.consumer();
  Reader reader{scene, *staying};
  reader.await_event(DISPYTCH_ASSIGNED);
  std::set<int> settled;
  const auto settle = [&](Reader& one, Consumer& consumer) {
    for (; !one.inbox.empty(); one.inbox.pop_front()) {
      const Received& message = one.inbox.front();
      const Outcome outcome = consumer.settle({{message.token, scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO, 0}});
      expect(outcome.ok() || outcome.status == DISPYTCH_EFENCED, "settling failed with ", to_string(outcome));
      if (outcome.ok()) settled.insert(message.number);
    }
  };
  const int each = scene.at_most(150);  // more than one member reads ahead
  int sent = 0;
  for (int round = 0; round < 4; ++round) {
    const auto passing = scene.consumer();
    Reader other{scene, *passing};
    other.max_messages = 1;  // what it reads ahead it leaves behind
    const auto step = [&](bool staying_reads) {
      reader.max_messages = staying_reads ? 5 : 0;
      reader.step(Milliseconds{5});
      settle(reader, *staying);
      other.step(Milliseconds{5});
    };
    // It may get nothing at all, where sources are fewer than members.
    const auto while_waiting_for = [&](auto what) {
      const auto until = std::chrono::steady_clock::now() + scene.options.patience / 4;
      while (!what() && std::chrono::steady_clock::now() < until) step(false);
    };
    while_waiting_for([&] { return !other.held.empty(); });
    scene.publish(scene.messages(sent, each));
    sent += each;
    while_waiting_for([&] { return other.held.empty() || !other.inbox.empty(); });
    settle(other, *passing);
    other.max_messages = 0;
    const auto until = std::chrono::steady_clock::now() + scene.options.quiet;
    while (std::chrono::steady_clock::now() < until) step(true);
    const Outcome closed = passing->close(scene.options.patience);
    expect(closed.ok(), "close failed: ", to_string(closed));
  }
  reader.until(
      [&] {
        settle(reader, *staying);
        return settled.size() == static_cast<std::size_t>(sent);
      },
      say("members came and went, and of ", sent, " messages some were never delivered to be settled"));
}

constexpr std::array kGroupRules{
    Rule{"group.every_group_gets_all", kGroups, "Each group gets every message.", every_group_gets_all, kAcknowledge},
    Rule{"group.an_ephemeral_look_leaves_nothing", kGroups | DISPYTCH_CAN_EPHEMERAL,
         "What an ephemeral consumer settles is forgotten with it: the next one of its name begins anew.", an_ephemeral_look_leaves_nothing,
         kAcknowledge},
    Rule{"group.members_share", kShared, "Two consumers of a group share the partitions; each message goes to one of them.", members_share},
    Rule{"group.revoking_waits_for_its_token", kShared,
         "A partition isn't given away before REVOKING is acknowledged; what is settled until then counts.", revoking_waits_for_its_token,
         kAcknowledge},
    Rule{"group.revoked_tokens_are_fenced", kShared,
         "Settling a message of a partition that went is EFENCED; the partition's next holder gets it.", revoked_tokens_are_fenced,
         kAcknowledge},
    Rule{"group.close_hands_over", kShared, "When a consumer closes, the others of its group get its partitions.", close_hands_over},
    Rule{"group.a_source_returns_as_another", kShared, "A partition that comes back is a new source: another generation or slot.",
         a_source_returns_as_another},
    asking(kList,
           Rule{"group.an_ephemeral_reader_leaves_nothing_behind", kGroups | DISPYTCH_CAN_EPHEMERAL,
                "Nothing of an ephemeral consumer is left at the broker once it is closed.", an_ephemeral_reader_leaves_nothing_behind}),
    slow(Rule{"group.members_come_and_go_under_load", kGroups, "Members that join and leave while messages flow lose none.",
              members_come_and_go_under_load, kAcknowledge}),
};

}  // namespace

std::span<const Rule> group_rules() { return kGroupRules; }

}  // namespace dispytch::conformance
