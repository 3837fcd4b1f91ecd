#include "listen/describe.hpp"

namespace dispytch::listen {

using inflight::HandlingFailure;
using inflight::Item;
using lane::Lane;

namespace {

constexpr std::size_t kMostOfAKey = 200;
constexpr std::size_t kMostOfAPayload = 2000;

}  // namespace

Failure describe(const Item& item, border::ConsumerHandle& consumer) {
  const Message message = message_of(item, consumer);
  Failure text{.topic = std::string{message.topic()}};
  if (item.failure) {
    const HandlingFailure& failure = *item.failure;
    if (failure.kind == HandlingFailure::Kind::undecodable || failure.kind == HandlingFailure::Kind::unhandled) {
      text.code = ErrorCode::decode;
    }
    text.unhandled = failure.kind == HandlingFailure::Kind::unhandled;
    if (failure.handler != nullptr) text.handler = failure.handler->handler->name;
    text.reason = failure.reason;
  }
  text.position = position(message.partition().value_or(-1), message.offset().value_or(-1));
  text.key = cut(message.key().value_or(""), kMostOfAKey);
  text.payload = cut(message.payload().value_or(""), kMostOfAPayload);
  return text;
}

Unfinished describe_wait(const Item& item, const Lane& lane, const Setup& setup, border::ConsumerHandle& consumer) {
  const Message message = message_of(item, consumer);
  const bool running = item.state == Item::State::running;
  Unfinished one{.topic = std::string{message.topic()},
                 .partition = message.partition().value_or(-1),
                 .offset = message.offset().value_or(-1),
                 .key = cut(message.key().value_or(""), kMostOfAKey),
                 .attempts = running ? item.attempts_before : item.attempts_made(setup.policy_of(item).requeues),
                 .age = std::chrono::duration_cast<std::chrono::milliseconds>(setup.now() - item.arrived)};
  if (!running && item.failure) {
    one.reason = item.failure->reason;
    if (item.failure->handler != nullptr) one.handler = item.failure->handler->handler->name;
  }
  switch (item.state) {
    case Item::State::queued: one.waits_for = lane.state == Lane::State::gathering ? "company: its batch" : "a worker"; break;
    case Item::State::running:
      one.waits_for = "its handler";
      if (const auto* const handler = item.at_hand.load(std::memory_order_relaxed)) one.handler = handler->handler->name;
      break;
    case Item::State::awaiting:
      one.waits_for = "its Completion, or what it emitted";
      one.handler = item.handler->handler->name;
      break;
    case Item::State::waiting: one.waits_for = "its next attempt"; break;
    case Item::State::dead_lettering: one.waits_for = "its dead letter"; break;
    case Item::State::held: one.waits_for = "a person: it is held"; break;
  }
  return one;
}

}  // namespace dispytch::listen
