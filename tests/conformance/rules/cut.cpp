// Connections that break under a consumer, and come back.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <thread>

#include "kit/emitter.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using network::Cut;
using network::Direction;

constexpr std::uint64_t kMany = DISPYTCH_CAN_GROUPS;

// Waits until `number` came; returns all that came until then.
std::vector<Received> take_until(Reader& reader, int number, const std::string& what) {
  std::vector<Received> all;
  reader.until(
      [&] {
        for (; !reader.inbox.empty(); reader.inbox.pop_front()) all.push_back(reader.inbox.front());
        return std::any_of(all.begin(), all.end(), [&](const Received& message) { return message.number == number; });
      },
      what);
  return all;
}

// What a new consumer of the group gets, by connections that nothing breaks, once the one before it is gone for the broker too.
std::set<int> what_is_left(Scene& scene, int marker) {
  scene.publish_from_outside({scene.in_one_source(marker)});
  const auto consumer = scene.outside_consumer();
  Reader reader{scene, *consumer};
  std::set<int> numbers;
  const auto note = [&] {
    for (; !reader.inbox.empty(); reader.inbox.pop_front()) numbers.insert(reader.inbox.front().number);
  };
  reader.until(
      [&] {
        note();
        return numbers.contains(marker);
      },
      "the group's next consumer doesn't get what was sent for it");
  const auto until = Clock::now() + scene.options.quiet + scene.options.lease * 2;
  while (Clock::now() < until) {
    reader.step(Milliseconds{20});
    note();
  }
  numbers.erase(marker);
  return numbers;
}

std::string list(const std::set<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

void goes_on(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  int number = 0;
  scene.publish_from_outside({scene.in_one_source(number)});
  reader.ack_all(take_until(reader, number, "the first message never came"));
  for (const Cut how : {Cut::reset, Cut::half_close, Cut::reset}) {
    proxy.cut({}, how);
    scene.publish_from_outside({scene.in_one_source(++number)});
    reader.ack_all(take_until(reader, number,
                              how == Cut::reset ? "the connection was reset, and the consumer doesn't go on by itself"
                                                : "the broker's side closed the connection, and the consumer doesn't go on"));
  }
}

void goes_on_after_silence(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  scene.publish_from_outside({scene.in_one_source(0)});
  reader.ack_all(take_until(reader, 0, "the first message never came"));
  scene.network().proxy().mute();
  scene.publish_from_outside({scene.in_one_source(1)});
  take_until(reader, 1, "nothing passes any more on the consumer's connection, nobody says so, and it doesn't make another");
}

void nothing_is_lost_between_frames(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::set<int> came;
  int next = 0;
  for (const Direction direction : {Direction::answers, Direction::requests}) {
    for (const std::uint64_t bytes : {0U, 1U, 5U, 60U, 150U, 700U}) {
      proxy.cut_after(bytes, direction);
      scene.publish_from_outside(scene.messages_in_one_source(next, 3));
      next += 3;
      for (const Received& message :
           take_until(reader, next - 1,
                      say("a connection was cut after ", bytes, " bytes of ", direction == Direction::answers ? "answers" : "requests",
                          ", and the messages behind never came"))) {
        came.insert(message.number);
        const Outcome outcome =
            consumer->settle({{message.token, scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO, 0}});
        expect(outcome.ok() || outcome.status == DISPYTCH_EFENCED, "settling failed with ", to_string(outcome));
      }
    }
  }
  reader.until(
      [&] {
        for (; !reader.inbox.empty(); reader.inbox.pop_front()) came.insert(reader.inbox.front().number);
        return came.size() == static_cast<std::size_t>(next);
      },
      say("of ", next, " messages some never came, as connections were cut between and within frames"));
}

void unsettled_is_kept_or_comes_again(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside(scene.messages_in_one_source(0, 6));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::vector<Received> all = reader.take(6);
  reader.ack_all({all.begin(), all.begin() + 3});
  Outcome synced = consumer->sync(scene.options.patience);
  expect(synced.status == DISPYTCH_OK, "sync ended with ", to_string(synced));
  proxy.cut();
  scene.publish_from_outside({scene.in_one_source(6)});
  std::vector<Received> again = take_until(reader, 6, "the connection was reset, and the consumer doesn't go on by itself");
  const auto until = Clock::now() + scene.options.quiet + scene.options.lease * 2;
  while (Clock::now() < until) reader.step(Milliseconds{20});
  again.insert(again.end(), reader.inbox.begin(), reader.inbox.end());
  for (const Received& message : again) {
    expect(message.number > 2, "message ", message.number, " was settled and synced before a cut, and came again");
    if (message.number > 5) continue;
    const Received& before = all[static_cast<std::size_t>(message.number)];
    const Outcome outcome = consumer->settle({{before.token, scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO, 0}});
    expect(message.token == before.token || outcome.status == DISPYTCH_EFENCED, "message ", message.number,
           " was delivered again after a cut, and settling it by the token of its first delivery is ", to_string(outcome),
           ", expected EFENCED: what can't be kept is LOST first");
  }
  const Outcome closed = consumer->close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
  const std::set<int> left = what_is_left(scene, 7);
  expect(left == std::set<int>{3, 4, 5, 6}, "0 to 2 were settled and synced, then a cut came: the next consumer got ", list(left),
         ", expected [3, 4, 5, 6]");
}

void synced_stays_settled(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside(scene.messages_in_one_source(0, 4));
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> all = reader.take(4);
  proxy.set({.hold = true});
  reader.ack_all(all);
  const auto until = Clock::now() + scene.options.patience / 4;
  while (proxy.waiting() == 0 && Clock::now() < until) reader.step(Milliseconds{5});
  proxy.cut();  // what was settled never reached the broker
  proxy.set({});
  const auto deadline = Clock::now() + scene.options.patience;
  Outcome synced = consumer->sync(scene.options.patience);
  while (synced.status != DISPYTCH_OK && Clock::now() < deadline) {  // it may say that it could not, and be asked again
    reader.step(Milliseconds{20});
    synced = consumer->sync(scene.options.patience);
  }
  expect(synced.status == DISPYTCH_OK, "a connection broke, others work, and sync ended with ", to_string(synced), " for ",
         scene.options.patience.count(), " ms");
  const Outcome closed = consumer->close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
  const std::set<int> left = what_is_left(scene, 4);
  expect(left.empty(), "messages were settled, the connection broke, sync returned OK, and the next consumer got ", list(left));
}

void sync_covers_a_cut(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside(scene.messages_in_one_source(0, 4));
  auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const std::vector<Received> all = reader.take(4);
  proxy.set({.delay = Milliseconds{150}});
  reader.ack_all(all);
  const Outcome synced = consumer->sync(scene.options.patience);
  expect(synced.status == DISPYTCH_OK, "sync ended with ", to_string(synced), " though the broker was only slow");
  proxy.set({.hold = true});  // what is under way stays there
  proxy.cut();
  proxy.set({.refuse = true});
  consumer->close(std::min(Milliseconds{500}, scene.options.patience));
  const std::set<int> left = what_is_left(scene, 4);
  expect(left.empty(), "sync returned OK, the network broke right after it, and the next consumer got ", list(left));
}

constexpr std::array kCutRules{
    asking(kNetwork, Rule{"cut.consumer_goes_on", kFlow,
                          "After a connection was reset, or closed by the broker, the consumer goes on by itself.", goes_on, kAcknowledge}),
    asking(kNetwork,
           Rule{"cut.consumer_goes_on_after_silence", kFlow, "A connection on which nothing passes any more is given up for another one.",
                goes_on_after_silence, kAcknowledge}),
    asking(kNetwork | kSurvivesCut, Rule{"cut.nothing_is_lost_between_frames", kFlow,
                                         "Connections that are cut between frames and within them, in either direction, lose no message.",
                                         nothing_is_lost_between_frames, kAcknowledge}),
    slow(asking(kNetwork | kSurvivesCut, Rule{"cut.unsettled_is_kept_or_comes_again", kFlow | kMany,
                                              "After a cut what was settled and synced does not come again; what was not is the consumer's "
                                              "still, or is LOST and comes again.",
                                              unsettled_is_kept_or_comes_again, kAcknowledge})),
    asking(kNetwork | kSurvivesCut,
           Rule{"cut.what_was_synced_stays_settled", kFlow | kMany, "What was settled before a cut and synced after it is settled.",
                synced_stays_settled, kAcknowledge}),
    slow(asking(kNetwork | kSurvivesCut,
                Rule{"cut.sync_covers_a_cut_behind_it", kFlow | kMany, "sync returns only when a cut right after it could lose nothing.",
                     sync_covers_a_cut, kAcknowledge})),
};

}  // namespace

std::span<const Rule> cut_rules() { return kCutRules; }

}  // namespace dispytch::conformance
