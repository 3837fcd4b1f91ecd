#include "consumer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::memory {

using State = GroupPartition::State;

namespace {

constexpr std::chrono::milliseconds kLongestDelay = std::chrono::hours{24 * 365 * 100};  // a time that is a time in nanoseconds as well

}  // namespace

/// A batch's own memory, and its share in the segments that its messages point into.
struct Consumer::Delivery {
  std::vector<plugin::InboundMessage> messages = {};
  std::vector<std::shared_ptr<Segment>> segments = {};

  // Whether another message of that size is within the limits.
  bool has_room(const plugin::Limits& limits, std::uint64_t bytes) const noexcept {
    return limits.max_messages > 0 && (bytes <= limits.max_bytes || messages.empty());
  }
  void hold(const std::shared_ptr<Segment>& segment) {
    if (segments.empty() || segments.back() != segment) segments.push_back(segment);
  }
  plugin::InboundMessage& add(const dispytch_message& stored, std::uint64_t bytes, std::uint32_t source, plugin::Limits& limits) {
    plugin::InboundMessage& message = messages.emplace_back(stored);
    message.source = source;
    --limits.max_messages;
    limits.max_bytes -= std::min(bytes, limits.max_bytes);
    return message;
  }
  static void count(plugin::InboundMessage& message, const Progress::Counts& counts) noexcept {
    message.attempt = counts.deliveries;
    message.attempts = counts.attempts.value_or(0);
    message.begun = counts.begun;
    message.flags |= plugin::flag(counts.deliveries > 1 || counts.attempts, DISPYTCH_MSG_REDELIVERED) |
                     plugin::flag(counts.attempts.has_value(), DISPYTCH_MSG_ATTEMPTS) | plugin::flag(counts.begun > 0, DISPYTCH_MSG_BEGUN);
  }
};

Consumer::Consumer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify, plugin::Subscription subscription)
    : broker_{std::move(broker)},
      clock_{host.clock()},
      notify_{notify},
      subscription_{std::move(subscription)},
      tells_of_nothing_{host.abi_minor() >= 1} {
  const plugin::Lock lock{broker_->mutex};
  std::vector<Topic*> wanted;
  for (const std::string& name : subscription_.names) wanted.push_back(&broker_->topic(name));
  for (const auto& [name, topic] : broker_->topics()) {
    if (subscription_.matches(name)) wanted.push_back(topic.get());
  }
  if (wanted.empty() && !broker_->auto_create()) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND,
                            "no topic of the memory backend matches the pattern, and none can be added: auto_create is off"};
  }
  group_ = has_own_group() ? &broker_->nameless_group(subscription_.ephemeral) : &broker_->group(subscription_.group);
  broker_->watchers.push_back(this);
  group_->join(*this);
  for (Topic* topic : wanted) subscribe(*topic);
  group_->rebalance(clock_.monotonic());
}

Consumer::~Consumer() {
  const plugin::Lock lock{broker_->mutex};
  std::erase(broker_->watchers, static_cast<TopicWatcher*>(this));
  group_->leave(*this);
  group_->rebalance(clock_.monotonic());
  if (has_own_group()) broker_->dissolve(*group_);
}

void Consumer::subscribe(Topic& topic) {
  topics.insert(&topic);
  group_->read(topic, subscription_.from_oldest);
}

void Consumer::created(Topic& topic) {
  broker_->mutex.assert_held();
  if (!subscription_.matches(topic.name())) return;
  subscribe(topic);
  group_->rebalance(clock_.monotonic());
}

void Consumer::signal() noexcept {
  broker_->mutex.assert_held();
  if (std::exchange(notified_, true)) return;
  wakeup_.notify_one();
  notify_();
}

void Consumer::wake() {
  const plugin::Lock lock{broker_->mutex};
  woken_ = true;
  wakeup_.notify_one();
}

plugin::Status Consumer::poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out) {
  using SteadyClock = std::chrono::steady_clock;  // a waiting thread waits in real time, whatever the host's clock shows
  const plugin::Lock lock{broker_->mutex};
  const SteadyClock::time_point until = timeout.count() > 0 ? SteadyClock::now() + timeout : SteadyClock::time_point::min();
  for (;;) {
    const std::optional<std::chrono::nanoseconds> deadline = group_->next_deadline();
    const std::chrono::nanoseconds now = deadline || has_events ? clock_.monotonic() : std::chrono::nanoseconds{};
    if (deadline) group_->expire(now);
    if (take_event(out, now) || tell_of_no_part(out)) break;
    if (limits.max_messages > 0 && take_messages(limits, out)) break;
    if (woken_ || timeout.count() <= 0) break;
    SteadyClock::time_point wait_until = until;
    const auto wait_for = [&](std::chrono::nanoseconds time) {
      wait_until = std::min(wait_until, SteadyClock::now() + std::max(time, std::chrono::nanoseconds{1'000'000}));
    };
    if (deadline) wait_for(*deadline - now);
    if (limits.max_messages > 0) {
      if (const auto due = next_due()) wait_for(*due - clock_.monotonic());
    }
    notified_ = false;
    if (!wakeup_.wait_until(broker_->mutex, wait_until) && SteadyClock::now() >= until) timeout = {};
  }
  woken_ = notified_ = false;
  return {};
}

// It has joined, and its group has nothing for it: news, once, and again after it had something.
bool Consumer::tell_of_no_part(plugin::BatchOut& out) {
  if (!tells_of_nothing_) return false;
  const bool holds_one = std::any_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.partition != nullptr; });
  const bool has_part = holds_one || group_->has_part(*this);
  if (has_part || std::exchange(knows_of_no_part_, true)) {
    if (has_part) knows_of_no_part_ = false;
    return false;
  }
  out.assigned({}, 0);
  return true;
}

bool Consumer::take_messages(plugin::Limits limits, plugin::BatchOut& out) {
  Delivery delivery;
  for (std::size_t turn = 0; turn < slots.size(); ++turn) {
    const std::size_t slot = (next_slot_ + turn) % slots.size();
    GroupPartition* const partition = slots[slot].partition;
    if (partition == nullptr || partition->state != State::active || partition->paused) continue;
    if (!take_from(*partition, limits, delivery)) {
      next_slot_ = slot + 1;
      break;
    }
  }
  if (delivery.messages.empty()) return false;
  const std::span<const plugin::InboundMessage> messages = delivery.messages;
  out.messages(messages, std::move(delivery));
  return true;
}

bool Consumer::take_from(GroupPartition& source, plugin::Limits& limits, Delivery& delivery) {
  if (source.progress.next_due() && !take_due(source, limits, delivery)) return false;
  const std::uint32_t number = Member::source(source.slot);
  for (;;) {
    source.progress.skip_settled();
    const std::int64_t offset = source.progress.position();
    if (offset >= source.partition.end()) return true;
    const dispytch_message& stored = source.partition.at(offset).view;
    if ((stored.flags & DISPYTCH_MSG_DELIVER_AT) != 0) {
      const std::int64_t now_ms = clock_.unix_ms();
      if (stored.deliver_at_ms > now_ms) {
        source.progress.delay(clock_.monotonic() + std::min(kLongestDelay, std::chrono::milliseconds{stored.deliver_at_ms - now_ms}));
        continue;
      }
    }
    const std::uint64_t bytes = stored.key.len + stored.payload.len;
    if (!delivery.has_room(limits, bytes)) return false;
    delivery.hold(source.partition.segment(offset));
    plugin::InboundMessage& message = delivery.add(stored, bytes, number, limits);
    message.token = token(source.slot, offset);
    Delivery::count(message, source.progress.deliver());
  }
}

bool Consumer::take_due(GroupPartition& source, plugin::Limits& limits, Delivery& delivery) {
  const std::chrono::nanoseconds now = clock_.monotonic();
  while (source.progress.next_due() && *source.progress.next_due() <= now) {
    const std::int64_t offset = source.progress.first_delayed();
    const dispytch_message& stored = source.partition.at(offset).view;
    const std::uint64_t bytes = stored.key.len + stored.payload.len;
    if (!delivery.has_room(limits, bytes)) return false;
    delivery.hold(source.partition.segment(offset));
    plugin::InboundMessage& message = delivery.add(stored, bytes, Member::source(source.slot), limits);
    message.token = delayed_token(source.slot, offset);
    Delivery::count(message, source.progress.deliver_first_delayed());
  }
  return true;
}

std::optional<std::chrono::nanoseconds> Consumer::next_due() const noexcept {
  std::optional<std::chrono::nanoseconds> next;
  for (const Slot& slot : slots) {
    if (slot.partition == nullptr || slot.partition->state != State::active || slot.partition->paused) continue;
    const auto due = slot.partition->progress.next_due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

plugin::Status Consumer::settle(plugin::Strided<const plugin::Settlement> settlements) {
  const plugin::Lock lock{broker_->mutex};
  std::size_t fenced = 0;
  bool unknown_action = false;
  GroupPartition* last = nullptr;
  for (const plugin::Settlement settlement : settlements) {
    const bool requeues = settlement.action == DISPYTCH_REQUEUE;
    if (settlement.action != DISPYTCH_ACK && settlement.action != DISPYTCH_ACK_UP_TO && !requeues) {
      unknown_action = true;
      continue;
    }
    if (settlement.token >> 48 == kEventSlot) {
      if (!settle_event(settlement.token)) ++fenced;
      continue;
    }
    const Named named = by_token(settlement.token);
    GroupPartition* const partition = named.partition;
    if (partition != last && last != nullptr) last->topic.trim(last->partition);
    last = partition;
    const auto settle = [&](Progress& progress) {
      const auto delivered = named.delayed ? Progress::Out::after_a_delay : Progress::Out::in_order;
      if (requeues) {
        const bool says = (settlement.flags & DISPYTCH_SETTLE_ATTEMPTS) != 0;
        return progress.requeue(named.offset, clock_.monotonic() + std::chrono::milliseconds{settlement.delay_ms}, delivered,
                                says ? std::optional{settlement.attempts} : std::nullopt);
      }
      return settlement.action == DISPYTCH_ACK_UP_TO ? progress.ack_up_to(named.offset, delivered) : progress.ack(named.offset, delivered);
    };
    if (partition == nullptr || !settle(partition->progress)) {
      ++fenced;
      continue;
    }
    forget_token(settlement.token);
    if (requeues) signal();  // also a poll that waits may have to end sooner now
  }
  if (last != nullptr) last->topic.trim(last->partition);
  if (unknown_action) {
    return plugin::Error{.code = DISPYTCH_ENOTIMPL,
                         .text = "the memory backend can acknowledge a message, one or all up to it, and take one back, and nothing else"};
  }
  if (fenced > 0) {
    return plugin::Error{.code = DISPYTCH_EFENCED,
                         .text = std::to_string(fenced) + " of " + std::to_string(settlements.size()) +
                                 " tokens are stale: settled before, or of a partition that this consumer no longer holds"};
  }
  return {};
}

bool Consumer::settle_event(std::uint64_t token) {
  const auto given_up = finish_event(token);
  if (!given_up) return false;
  for (GroupPartition* partition : *given_up) group_->give_up(*partition);
  signal();  // what was assigned may have messages
  return true;
}

plugin::Status Consumer::begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds) {
  const plugin::Lock lock{broker_->mutex};
  std::vector<Named> all;
  for (const std::uint64_t token : tokens) {
    const Named named = by_token(token);
    const auto delivered = named.delayed ? Progress::Out::after_a_delay : Progress::Out::in_order;
    if (named.partition == nullptr || !named.partition->progress.is_out(named.offset, delivered)) {
      return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a message is about to be handled that this consumer no longer has"};
    }
    all.push_back(named);
  }
  for (const Named& named : all) {
    named.partition->progress.begin(named.offset, named.delayed ? Progress::Out::after_a_delay : Progress::Out::in_order, on);
  }
  return {};
}

plugin::Result<std::span<const plugin::Header>> Consumer::headers(const plugin::InboundMessage& message) {
  return std::span<const plugin::Header>{message.headers, message.n_headers};
}

plugin::Status Consumer::pause(std::span<const plugin::Source> sources, bool on) {
  const plugin::Lock lock{broker_->mutex};
  plugin::Status status;
  for (const plugin::Source& source : sources) {
    GroupPartition* const partition = by_source(source.source);
    if (partition == nullptr) {
      status = plugin::Error{.code = DISPYTCH_EFENCED, .text = "a source to be paused is no longer this consumer's"};
      continue;
    }
    partition->paused = on;
  }
  if (!on) signal();
  return status;
}

plugin::Status Consumer::seek(std::span<const plugin::Source> sources, std::chrono::milliseconds) {
  const plugin::Lock lock{broker_->mutex};
  for (const plugin::Source& source : sources) {
    GroupPartition* const partition = by_source(source.source);
    if (partition == nullptr) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a source to be moved is no longer this consumer's"};
    if (!source.offset) return plugin::Error{.code = DISPYTCH_EINVAL, .text = "a source to be moved says no offset"};
    partition->progress.seek(std::clamp(*source.offset, partition->partition.start(), partition->partition.end()));
    fence(partition->slot);
  }
  signal();
  return {};
}

std::vector<plugin::Lag> Consumer::lag() {
  const plugin::Lock lock{broker_->mutex};
  std::vector<plugin::Lag> all;
  for (const Slot& slot : slots) {
    if (slot.partition == nullptr || slot.partition->state == State::offered || slot.partition->state == State::announced) continue;
    const GroupPartition& own = *slot.partition;
    all.push_back({.source = source(own.slot), .messages = own.progress.unsettled_before(own.partition.end())});
  }
  return all;
}

}  // namespace dispytch::memory
