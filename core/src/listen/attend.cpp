// What a person sees of messages, and lets go.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "listen/engine.hpp"

namespace dispytch::listen {

using lane::Item;
using lane::Lane;
using lane::Trouble;
using lane::Verdict;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Failure Engine::describe(const Item& item) const {
  const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
  Failure failure{.topic = std::string{message.topic()}};
  if (item.trouble) {
    const Trouble& trouble = *item.trouble;
    if (trouble.kind == Trouble::Kind::undecodable || trouble.kind == Trouble::Kind::unhandled) failure.code = ErrorCode::decode;
    failure.unhandled = trouble.kind == Trouble::Kind::unhandled;
    if (trouble.handler != nullptr) failure.handler = trouble.handler->handler->name;
    failure.reason = trouble.reason;
  }
  failure.position = position(message.partition().value_or(-1), message.offset().value_or(-1));
  failure.key = cut(message.key().value_or(""), 200);
  failure.payload = cut(message.payload().value_or(""), 2000);
  return failure;
}

std::vector<Unfinished> Engine::unfinished_for(nanoseconds limit, std::size_t most) {
  const nanoseconds at = now();
  std::vector<const Item*> items;
  lanes_.for_each([&](Lane& lane) {
    if (at - lane.first->arrived >= limit && !lane.first->source->gone) items.push_back(lane.first);
  });
  const std::size_t count = std::min(items.size(), most);
  std::ranges::partial_sort(items, items.begin() + static_cast<std::ptrdiff_t>(count), {}, &Item::arrived);
  std::vector<Unfinished> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(look_at(*items[i], at));
  return list;
}

Unfinished Engine::look_at(const Item& item, nanoseconds at) const {
  const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
  Unfinished one{.topic = std::string{message.topic()},
                 .partition = message.partition().value_or(-1),
                 .offset = message.offset().value_or(-1),
                 .key = cut(message.key().value_or(""), 200),
                 .attempts = item.state == Item::State::running ? item.attempts_before : attempts_made(item, policy_of(item)),
                 .age = std::chrono::duration_cast<milliseconds>(at - item.arrived)};
  if (item.state != Item::State::running && item.trouble) {
    one.reason = item.trouble->reason;
    if (item.trouble->handler != nullptr) one.handler = item.trouble->handler->handler->name;
  }
  switch (item.state) {
    case Item::State::queued: one.waits_for = item.lane->state == Lane::State::gathers ? "company: its batch" : "a worker"; break;
    case Item::State::running:
      one.waits_for = "its handler";
      if (const auto* const handler = item.at_hand.load(std::memory_order_relaxed)) one.handler = handler->handler->name;
      break;
    case Item::State::awaiting:
      one.waits_for = "its Completion, or what it emitted";
      one.handler = item.handler->handler->name;
      break;
    case Item::State::waiting: one.waits_for = "its next attempt"; break;
    case Item::State::burying: one.waits_for = "its dead letter"; break;
    case Item::State::held: one.waits_for = "a person: it is held"; break;
  }
  return one;
}

Result<void> Engine::skip(std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who) {
  Item* found = nullptr;
  lanes_.for_each([&](Lane& lane) {
    const dispytch_message& raw = *lane.first->raw;
    const bool same = raw.offset == offset && raw.partition == partition &&
                      std::string_view{reinterpret_cast<const char*>(raw.topic.data), raw.topic.len} == topic;
    if (same && !lane.first->source->gone) found = lane.first;
  });
  const std::string name = place(topic, position(partition, offset));
  if (found == nullptr) {
    return Error{.code = ErrorCode::not_found,
                 .text = name + " is not the first unfinished message of a lane of listener `" + options_.name + "`"};
  }
  if (found->state != Item::State::held && found->state != Item::State::waiting) {
    return Error{.code = ErrorCode::invalid,
                 .text = name + " is being handled right now; only a message that is held or waits can be skipped"};
  }
  log::warning(log_source_, "skipped by " + std::string{who} + ": " + name + ", key \"" + describe(*found).key +
                                "\": " + (found->trouble ? found->trouble->reason : ""));
  Counters::add(counters_.skipped, 1);
  Lane& lane = *found->lane;
  lane.state = Lane::State::running;
  found->verdict = Verdict::none;
  finish(*found);
  advance(lane);
  return {};
}

}  // namespace dispytch::listen
