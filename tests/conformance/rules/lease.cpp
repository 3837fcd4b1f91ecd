// A broker that takes back what a consumer has in hand for too long, and from members it no longer hears of.
#include <algorithm>
#include <array>
#include <cstdint>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// Whether the plugin said that it no longer has the message, or gave its source up in order.
bool let_go(const Reader& reader, const Received& message, std::size_t after) {
  for (std::size_t i = after; i < reader.events.size(); ++i) {
    const Event& event = reader.events[i];
    if (event.kind != DISPYTCH_LOST && event.kind != DISPYTCH_REVOKING) continue;
    if (event.sources.empty() && event.tokens.empty()) return true;
    if (std::find(event.sources.begin(), event.sources.end(), message.source) != event.sources.end()) return true;
    if (std::find(event.tokens.begin(), event.tokens.end(), message.token) != event.tokens.end()) return true;
  }
  return false;
}

// Polls both until one of them has the message.
Received deliver(Scene& scene, Reader& first, Reader& second, Reader*& holder) {
  scene.publish_from_outside({scene.in_one_source(0)});
  first.until(
      [&] {
        second.step(Milliseconds{10});
        return !first.inbox.empty() || !second.inbox.empty();
      },
      "a message was sent, and neither of two members of a group got it");
  holder = first.inbox.empty() ? &second : &first;
  const Received message = holder->inbox.front();
  holder->inbox.clear();
  return message;
}

void a_message_in_hand_stays(Scene& scene) {
  const auto one = scene.consumer();
  Reader first{scene, *one};
  first.await_event(DISPYTCH_ASSIGNED);
  const auto two = scene.consumer();
  Reader second{scene, *two};
  const auto settled = Clock::now() + scene.options.quiet;
  while (Clock::now() < settled) {
    first.step(Milliseconds{10});
    second.step(Milliseconds{10});
  }
  Reader* holder = nullptr;
  const Received message = deliver(scene, first, second, holder);
  Reader& other = holder == &first ? second : first;
  const std::size_t events = holder->events.size();
  holder->max_messages = 0;  // as a host polls whose handler is busy
  const auto until = Clock::now() + scene.options.lease * 5 / 2;
  while (Clock::now() < until) {
    holder->step(Milliseconds{10});
    other.step(Milliseconds{10});
    if (other.inbox.empty()) continue;
    expect(let_go(*holder, message, events), "a member of the group had message 0 in hand, and another one got it, without LOST before");
    return;
  }
  if (let_go(*holder, message, events)) return;
  Consumer& its = holder == &first ? *one : *two;
  const Outcome outcome = its.settle({{message.token, scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO, 0}});
  expect(outcome.ok(), "a message was in hand for ", (scene.options.lease * 5 / 2).count(), " ms, and settling it is ", to_string(outcome));
}

void what_is_taken_away_is_lost(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  scene.publish_from_outside({scene.in_one_source(0)});
  const auto holder = scene.consumer();
  Reader reader{scene, *holder};
  const Received message = reader.take(1).front();
  const std::size_t events = reader.events.size();
  reader.max_messages = 0;
  proxy.set({.hold = true});
  const auto next = scene.outside_consumer();
  Reader other{scene, *next};
  other.until(
      [&] {
        reader.step(Milliseconds{5});
        return !other.inbox.empty();
      },
      "a member was cut off for longer than the broker's time-out, and the others of its group never got what it had");
  // The broker's clock and the client's begin with two different messages between them, so that neither is sure to be first.
  const auto deadline = Clock::now() + scene.options.slack;
  while (!let_go(reader, message, events)) {
    expect(Clock::now() < deadline, "a consumer was cut off for longer than the broker's time-out, somebody else got its message, and in ",
           scene.options.slack.count(), " ms it has not said LOST");
    reader.step(Milliseconds{5});
  }
  const Outcome outcome = holder->settle({{message.token, scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO, 0}});
  expect(outcome.status == DISPYTCH_EFENCED, "settling a message that was lost is ", to_string(outcome), ", expected EFENCED");
  proxy.set({});
}

constexpr std::array kLeaseRules{
    slow(asking(kLease,
                Rule{"lease.a_message_in_hand_stays", kFlow | DISPYTCH_CAN_GROUPS,
                     "A message in hand for longer than the broker's own time-out stays the consumer's, or LOST comes before anybody "
                     "else gets it.",
                     a_message_in_hand_stays, kAcknowledge})),
    slow(asking(kLease | kNetwork,
                Rule{"lease.what_is_taken_away_is_lost", kFlow | DISPYTCH_CAN_GROUPS,
                     "A consumer that is cut off for longer than the broker's time-out says LOST by the time that another gets "
                     "what it had, or within `slack`; settling it is EFENCED.",
                     what_is_taken_away_is_lost, kAcknowledge})),
};

}  // namespace

std::span<const Rule> lease_rules() { return kLeaseRules; }

}  // namespace dispytch::conformance
