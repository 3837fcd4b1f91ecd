#include "listen/describe.hpp"

namespace dispytch::listen {

using inflight::HandlingFailure;
using inflight::Item;
using lane::Lane;

namespace {

constexpr std::size_t kMostOfAKey = 200;
constexpr std::size_t kMostOfAPayload = 2000;

std::string reason_of(const HandlingFailure& failure) {
  return failure.letter_error.empty() ? failure.reason : failure.reason + "; its dead letter can't be stored: " + failure.letter_error;
}

}  // namespace

Failure describe(const Item& item, border::ConsumerHandle& consumer) {
  const Message message = message_of(item, consumer);
  Failure text{.topic = std::string{message.topic()}};
  if (item.failure) {
    const HandlingFailure& failure = *item.failure;
    text.unhandled = failure.kind == HandlingFailure::Kind::unhandled || failure.kind == HandlingFailure::Kind::tombstone;
    if (text.unhandled || failure.kind == HandlingFailure::Kind::undecodable) text.code = ErrorCode::decode;
    if (failure.handler != nullptr) text.handler = failure.handler->handler->name;
    text.reason = reason_of(failure);
  }
  text.position = position(message.partition().value_or(-1), message.offset().value_or(-1), message.id().value_or(""));
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
                 .id = std::string{message.id().value_or("")},
                 .key = cut(message.key().value_or(""), kMostOfAKey),
                 .attempts = running ? item.attempts_before : item.attempts_made(),
                 .age = std::chrono::duration_cast<std::chrono::milliseconds>(setup.now() - item.arrived)};
  if (!running && item.failure) {
    one.reason = reason_of(*item.failure);
    one.letter_refused = item.failure->letter_refused;
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
    case Item::State::waiting:
      one.waits_for = item.failure && !item.failure->letter_error.empty() ? "the next try at its dead letter" : "its next attempt";
      break;
    case Item::State::dead_lettering: one.waits_for = "its dead letter"; break;
    case Item::State::held:
      one.waits_for = "a person: it is held";
      one.held = true;
      break;
  }
  return one;
}

}  // namespace dispytch::listen
