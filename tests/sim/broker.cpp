#include "sim/broker.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "sim/trace.hpp"

namespace dispytch::sim {
namespace {

using std::chrono::milliseconds;
constexpr std::uint64_t kMostOfAMessage = 200;  // the first of a poll always fits
constexpr std::uint64_t kEvent = std::uint64_t{1} << 63;

plugin::Error told(dispytch_status code, const char* text) { return {.code = code, .text = text}; }

// Copies of what is delivered, spoiled once they are released: who still reads them then reads rubbish.
struct Delivered {
  Delivered() = default;
  Delivered(Delivered&&) = default;
  Delivered& operator=(Delivered&&) = delete;
  ~Delivered() {
    if (seat == nullptr) return;
    --seat->batches;
    for (const auto& text : texts) std::fill(text->begin(), text->end(), '!');
  }
  std::vector<std::unique_ptr<std::string>> texts = {};
  std::vector<plugin::InboundMessage> messages = {};
  Seat* seat = nullptr;
  dispytch_bytes keep(const std::string& text) { return plugin::bytes(*texts.emplace_back(std::make_unique<std::string>(text))); }
};

}  // namespace

Seat::Holding* Seat::holding(unsigned partition, std::uint16_t generation) {
  for (Holding& held : holdings) {
    if (held.partition == partition && held.generation == generation) return &held;
  }
  return nullptr;
}

Broker::Broker(const Settings& settings, Dice& dice, VirtualClock& clock, Verdict& verdict)
    : settings_{settings}, dice_{dice}, clock_{clock}, verdict_{verdict}, logs_(settings.partitions), partitions_(settings.partitions) {}

std::uint32_t Broker::source_id(unsigned partition, std::uint16_t generation) {
  return partition | static_cast<std::uint32_t>(generation) << 16;
}

Record& Broker::record_of(std::uint64_t token) { return logs_[token >> 56 & 0x7fu][(token & 0xff'ffffu) - 1]; }

// ---- the log ----

void Broker::produce() {
  const auto partition = static_cast<unsigned>(dice_.below(settings_.partitions));
  std::deque<Record>& log = logs_[partition];
  const std::int64_t offset =
      log.empty() ? static_cast<std::int64_t>(dice_.below(3)) : log.back().offset + static_cast<std::int64_t>(dice_.between(1, 3));
  Record& record = log.emplace_back();
  record.number = static_cast<int>(records_.size());
  record.partition = partition;
  record.index = log.size() - 1;
  record.offset = offset;
  if (!dice_.percent(10)) record.key = "k" + std::to_string(dice_.below(settings_.keys));
  record.task = settings_.draw_task(dice_);
  record.payload = payload_of(record.number, record.task.kind);
  if (dice_.percent(30)) record.letter_lacks = static_cast<unsigned>(dice_.between(1, 3));
  records_.push_back(&record);
}

std::size_t Broker::first_unsettled(unsigned partition) const {
  const std::deque<Record>& log = logs_[partition];
  std::size_t index = 0;
  while (index < log.size() && log[index].settled) ++index;
  return index;
}

bool Broker::done() const {
  return std::ranges::all_of(records_, [&](const Record* record) { return record->settled && finished(*record, settings_); });
}

// ---- the group ----

Seat& Broker::join() {
  Seat& seat = all_seats_.emplace_back();
  seats_.push_back(&seat);
  give_free_ones();
  if (seats_.size() > 1) rebalance();
  tell_of_no_part(seat);
  return seat;
}

// It has joined, and there is nothing for it at present.
void Broker::tell_of_no_part(Seat& seat) {
  if (!seat.alive || std::ranges::any_of(partitions_, [&](const Partition& partition) { return partition.owner == &seat; })) return;
  seat.events.push_back({.kind = DISPYTCH_ASSIGNED});
}

void Broker::leave(Seat& seat) {
  seat.alive = false;
  std::erase(seats_, &seat);
  for (Partition& partition : partitions_) {
    if (partition.owner == &seat) partition = {.generation = partition.generation};
  }
  give_free_ones();
}

void Broker::give(unsigned partition, Seat& seat) {
  Partition& given = partitions_[partition];
  given = {.owner = &seat, .generation = static_cast<std::uint16_t>(given.generation + 1)};
  seat.events.push_back({.kind = DISPYTCH_ASSIGNED, .what = {{partition, given.generation}}, .token = kEvent | next_event_++});
}

void Broker::give_free_ones() {
  if (seats_.empty()) return;
  for (unsigned partition = 0; partition < partitions_.size(); ++partition) {
    if (partitions_[partition].owner == nullptr) give(partition, *seats_[dice_.below(seats_.size())]);
  }
}

void Broker::rebalance() {
  if (seats_.empty()) return;
  std::vector<unsigned> moved;
  const auto one = static_cast<unsigned>(dice_.below(partitions_.size()));
  for (unsigned partition = 0; partition < partitions_.size(); ++partition) {
    if (!settings_.cooperative || partition == one) moved.push_back(partition);
  }
  ask_back(moved);
}

void Broker::ask_back(const std::vector<unsigned>& partitions) {
  for (Seat* seat : seats_) {
    Seat::Event event{.kind = DISPYTCH_REVOKING, .token = kEvent | next_event_++};
    event.deadline = dice_.percent(20) ? milliseconds{0} : milliseconds{dice_.between(20, 3'000)};
    for (const unsigned number : partitions) {
      Partition& partition = partitions_[number];
      if (partition.owner != seat || partition.moving) continue;
      event.what.emplace_back(number, partition.generation);
      partition.moving = true;
      partition.revocation = event.token;
      partition.expel_at = clock_.monotonic() + (event.deadline.count() > 0 ? event.deadline + milliseconds{50} : milliseconds{20'000});
    }
    if (!event.what.empty()) seat->events.push_back(std::move(event));
  }
}

void Broker::take_away() {
  const auto number = static_cast<unsigned>(dice_.below(partitions_.size()));
  Partition& partition = partitions_[number];
  if (partition.owner == nullptr || seats_.empty()) return;
  SIM_TRACE("partition " << number << " is taken away");
  Seat& loser = *partition.owner;
  tell_lost(number);
  give(number, *seats_[dice_.below(seats_.size())]);
  tell_of_no_part(loser);
}

// What was settled and isn't durable is forgotten, and what is settled from now on is refused; the seat hears of it later.
void Broker::tell_lost(unsigned partition) {
  Seat& seat = *partitions_[partition].owner;
  std::erase_if(seat.unsynced, [&](const Record* record) { return record->partition == partition; });
  seat.events.push_back({.kind = DISPYTCH_LOST, .what = {{partition, partitions_[partition].generation}}});
}

void Broker::expel_the_slow() {
  for (unsigned number = 0; number < partitions_.size(); ++number) {
    Partition& partition = partitions_[number];
    if (!partition.moving || clock_.monotonic() < partition.expel_at) continue;
    SIM_TRACE("partition " << number << ": its revocation took too long");
    Seat& loser = *partition.owner;
    tell_lost(number);
    give(number, *seats_[dice_.below(seats_.size())]);
    tell_of_no_part(loser);
  }
}

bool Broker::all_assigned() const {
  return std::ranges::all_of(partitions_, [](const Partition& partition) { return partition.owner != nullptr && !partition.moving; });
}

// ---- a plugin's calls ----

plugin::Status Broker::poll(Seat& seat, plugin::Limits limits, plugin::BatchOut& out) {
  seat.last_credit = limits.max_messages;
  if (!seat.alive) return {};
  if (!calm && dice_.percent(settings_.fault_percent / 8)) {
    return plugin::Error{.code = DISPYTCH_EUNAVAILABLE, .text = "the broker does not answer", .retriable = true};
  }
  if (!seat.events.empty() && (calm || limits.max_messages == 0 || dice_.percent(70))) {
    hand_out_event(seat, out);
    return {};
  }
  deliver(seat, limits, out);
  return {};
}

bool Broker::deliver(Seat& seat, plugin::Limits limits, plugin::BatchOut& out) {
  if (limits.max_messages == 0) return false;
  Delivered delivered;
  delivered.seat = &seat;
  ++seat.batches;
  std::uint64_t bytes = 0;
  const std::size_t most = dice_.between(1, limits.max_messages);
  bool found = true;
  while (found && delivered.messages.size() < most) {
    found = false;
    const std::size_t begin = dice_.below(seat.holdings.size());
    for (std::size_t i = 0; i < seat.holdings.size() && !found; ++i) {
      Seat::Holding& held = seat.holdings[(begin + i) % seat.holdings.size()];
      if (!held.confirmed || held.revoking || held.paused) continue;
      Record* const next = next_of(held);
      if (next == nullptr) continue;
      Record& record = *next;
      const std::uint64_t size = record.key.size() + record.payload.size();
      if (!delivered.messages.empty() && bytes + size > limits.max_bytes) break;
      bytes += size;
      plugin::InboundMessage message{};
      message.topic = delivered.keep("work");
      if (!record.key.empty()) message.key = delivered.keep(record.key);
      if (record.task.kind != Task::Kind::tombstone) message.payload = delivered.keep(record.payload);
      message.flags = DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_PARTITION;
      message.offset = record.offset;
      message.partition = static_cast<std::int32_t>(held.partition);
      message.source = source_id(held.partition, held.generation);
      message.token = std::uint64_t{held.partition} << 56 | std::uint64_t{held.generation} << 40 |
                      std::uint64_t{record.given_back & 0xffffu} << 24 | (record.index + 1);
      if (settings_.counts) message.attempt = ++record.deliveries;
      message.attempts = record.attempts.value_or(0);
      message.begun = record.begun;
      message.flags |=
          plugin::flag(record.attempts.has_value(), DISPYTCH_MSG_ATTEMPTS) | plugin::flag(record.begun > 0, DISPYTCH_MSG_BEGUN);
      const bool given_up = settings_.remembers && record.begun >= settings_.delivery.crashes_until_failed;
      if (given_up && *settings_.delivery.policy.on_failure == OnFailure::drop) record.may_be_dropped = true;
      if (given_up) record.may_leave_its_order |= settings_.requeues;
      if (record.deliveries > 1) message.flags |= DISPYTCH_MSG_REDELIVERED;
      const bool current = held.generation == partitions_[held.partition].generation;  // who has lost it and doesn't know gets it as well
      if (current) record.out = message.token, record.gives_back = 0;
      delivered.messages.push_back(message);
      if (!record.due) ++held.next;
      record.due.reset();
      found = true;
    }
  }
  if (delivered.messages.empty()) return false;
  ++seat.news;
  SIM_TRACE("delivers " << delivered.messages.size() << " of at most " << limits.max_messages << ", from "
                        << name(record_of(delivered.messages.front().token)));
  auto owner = std::make_unique<Delivered>(std::move(delivered));
  delivered.seat = nullptr;
  const std::span<const plugin::InboundMessage> messages{owner->messages};
  out.messages(messages, std::move(owner));
  check_bounds(seat);
  return true;
}

// What is due again, or else what comes next in the log.
Record* Broker::next_of(Seat::Holding& held) {
  std::deque<Record>& log = logs_[held.partition];
  const bool current = settings_.requeues && held.generation == partitions_[held.partition].generation;  // else it is lost, unknowingly
  const auto due =
      std::ranges::find_if(log, [&](const Record& record) { return current && record.due && *record.due <= clock_.monotonic(); });
  if (due != log.end()) return &*due;
  const auto passed_over = [&](const Record& record) {  // settled by itself, at the broker, or delivered out of its place
    const std::uint64_t last = record.gives_back != 0 ? record.gives_back : record.out;
    return record.settled || record.due || (last != 0 && generation_of(last) == held.generation);
  };
  while (held.next < log.size() && passed_over(log[held.next])) ++held.next;
  return held.next < log.size() ? &log[held.next] : nullptr;
}

// What one process has in hand, by what it was given and hasn't finished.
void Broker::check_bounds(const Seat& seat) {
  const policy::Limits& limits = settings_.delivery.limits;
  const auto in_hand = [&](const Record& record) { return !finished(record, settings_) && (record.out != 0 || !settings_.requeues); };
  std::uint64_t bytes = 0;
  for (const Seat::Holding& held : seat.holdings) {
    if (held.revoking) continue;  // what has not begun of it was let go
    const std::deque<Record>& log = logs_[held.partition];
    std::size_t first = held.next;
    for (std::size_t index = held.first; index < held.next; ++index) {
      const Record& record = log[index];
      if (!in_hand(record)) continue;
      first = std::min(first, index);
      bytes += record.key.size() + record.payload.size();
      const auto of_its_lane = static_cast<std::size_t>(
          std::count_if(log.begin() + static_cast<std::ptrdiff_t>(index), log.begin() + static_cast<std::ptrdiff_t>(held.next),
                        [&](const Record& other) { return in_hand(other) && same_lane(record, other, settings_.delivery.ordering); }));
      if (of_its_lane > limits.lane + settings_.batch) {
        wrong(&Verdict::unbounded, std::to_string(of_its_lane) + " messages wait in the lane of " + name(record));
        return;
      }
    }
    if (!settings_.ack_each && held.next - first > limits.span) {
      wrong(&Verdict::unbounded,
            "partition " + std::to_string(held.partition) + " spans " + std::to_string(held.next - first) + " messages");
    }
  }
  if (bytes > limits.bytes + kMostOfAMessage)
    wrong(&Verdict::unbounded, std::to_string(bytes) + " bytes in hand, of at most " + std::to_string(limits.bytes));
}

void Broker::hand_out_event(Seat& seat, plugin::BatchOut& out) {
  const Seat::Event event = std::move(seat.events.front());
  seat.events.pop_front();
  ++seat.news;
  std::vector<plugin::Source> sources;
  for (const auto& [partition, generation] : event.what) {
    sources.push_back({.topic = "work", .source = source_id(partition, generation), .partition = static_cast<std::int32_t>(partition)});
  }
  SIM_TRACE("event " << event.kind << " of partition " << (event.what.empty() ? 0 : event.what.front().first) << " and "
                     << event.what.size() << " in all");
  switch (event.kind) {
    case DISPYTCH_ASSIGNED:
      for (const auto& [partition, generation] : event.what)
        seat.holdings.push_back({.partition = partition, .generation = generation, .assignment = event.token});
      out.assigned(std::move(sources), event.token);
      break;
    case DISPYTCH_REVOKING: {
      const milliseconds half = event.deadline.count() > 0 ? event.deadline / 2 : milliseconds{5'000};
      for (const auto& [partition, generation] : event.what) {
        if (Seat::Holding* held = seat.holding(partition, generation)) {
          held->revoking = true;
          held->keep_until = clock_.monotonic() + std::min(settings_.delivery.revoke_timeout, half);
        }
      }
      out.revoking(std::move(sources), event.token, event.deadline);
      break;
    }
    case DISPYTCH_LOST:
      for (const auto& gone : event.what) {
        std::erase_if(seat.holdings,
                      [&](const Seat::Holding& held) { return held.partition == gone.first && held.generation == gone.second; });
        seat.let_go.push_back(gone);
      }
      out.lost(std::move(sources), told(DISPYTCH_EFENCED, "the session is over"));
      break;
    case DISPYTCH_DOWN: out.down(told(DISPYTCH_EUNAVAILABLE, "no broker answers")); break;
    default: out.up();
  }
}

// An event's acknowledgement.
void Broker::confirmed(Seat& seat, std::uint64_t token) {
  for (unsigned number = 0; number < partitions_.size(); ++number) {
    Partition& partition = partitions_[number];
    if (partition.owner != &seat) continue;
    if (partition.moving && partition.revocation == token) {
      Seat::Holding* const held = seat.holding(number, partition.generation);
      if (held == nullptr) continue;
      if (held->running > 0 && clock_.monotonic() < held->keep_until && !seat.draining) {
        wrong(&Verdict::order_violations, "partition " + std::to_string(number) + " was let go while " + std::to_string(held->running) +
                                              " of its messages were being handled, before the time to wait for them was over");
      }
      const bool unsynced = std::ranges::any_of(seat.unsynced, [&](const Record* record) { return record->partition == number; });
      if (unsynced && !seat.sync_failed) {
        wrong(&Verdict::mark_violations, "partition " + std::to_string(number) + " was let go before what was settled of it was durable");
      }
      std::erase_if(seat.unsynced, [&](const Record* record) { return record->partition == number; });
      std::erase_if(seat.holdings, [&](const Seat::Holding& one) { return one.partition == number; });
      seat.let_go.emplace_back(number, partition.generation);
      SIM_TRACE("partition " << number << " was let go");
      give(number, *seats_[dice_.below(seats_.size())]);
      tell_of_no_part(seat);
    }
  }
  for (Seat::Holding& held : seat.holdings) {  // an assignment
    if (held.assignment != token || held.confirmed) continue;
    held.confirmed = true;
    held.first = held.next = first_unsettled(held.partition);
  }
}

plugin::Status Broker::settle(Seat& seat, const plugin::Settlement& settlement) {
  if (!seat.alive) return {};
  if ((settlement.token & kEvent) != 0) {
    confirmed(seat, settlement.token);
    return {};
  }
  Record& record = record_of(settlement.token);
  const std::uint16_t generation = generation_of(settlement.token);
  if (std::ranges::find(seat.let_go, std::pair{record.partition, generation}) != seat.let_go.end()) {
    wrong(&Verdict::mark_violations, name(record) + " was settled after its partition had been let go");
  }
  if (settlement.action == DISPYTCH_REQUEUE) return give_back(seat, record, settlement);
  if (settings_.requeues && record.out != settlement.token && generation_of(record.out) == generation)
    wrong(&Verdict::mark_violations, name(record) + " was settled though it had been given back");
  if (settlement.action == DISPYTCH_ACK_UP_TO) {
    std::deque<Record>& log = logs_[record.partition];
    for (std::size_t index = 0; index <= record.index; ++index) {
      if (!log[index].settled) mark(seat, log[index]);
    }
  } else {
    mark(seat, record);
  }
  const Partition& partition = partitions_[record.partition];
  if (partition.owner != &seat || partition.generation != generation) {
    std::erase_if(seat.unsynced, [&](const Record* one) { return one->partition == record.partition; });
    return told(DISPYTCH_EFENCED, "somebody else has it");
  }
  return {};
}

// Until that is durable the message is unsettled like any other; then it waits here.
plugin::Status Broker::give_back(Seat& seat, Record& record, const plugin::Settlement& settlement) {
  SIM_TRACE("given back for " << settlement.delay_ms << " ms: " << name(record));
  if (!settings_.requeues) wrong(&Verdict::mark_violations, name(record) + " was given back, which nobody allowed");
  if (milliseconds{settlement.delay_ms} <= settings_.delivery.in_place_max)
    wrong(&Verdict::order_violations, name(record) + " was given back for a time for which its lane could have waited");
  if (!record.may_leave_its_order) wrong(&Verdict::order_violations, name(record) + " was given back though nothing had failed");
  const Partition& partition = partitions_[record.partition];
  if (partition.owner != &seat || partition.generation != generation_of(settlement.token)) {
    std::erase_if(seat.unsynced, [&](const Record* one) { return one->partition == record.partition; });
    return told(DISPYTCH_EFENCED, "somebody else has it");
  }
  if (record.out != settlement.token) wrong(&Verdict::mark_violations, name(record) + " was given back twice");
  record.out = 0;
  record.gives_back = settlement.token;
  record.delay = milliseconds{settlement.delay_ms};
  record.said_attempts = static_cast<std::uint16_t>(settlement.attempts);
  if (std::ranges::find(seat.unsynced, &record) == seat.unsynced.end()) seat.unsynced.push_back(&record);
  return {};
}

void Broker::mark(Seat& seat, Record& record) {
  if (!finished(record, settings_)) wrong(&Verdict::mark_violations, name(record) + " was settled, and is not finished");
  record.gives_back = 0;
  if (std::ranges::find(seat.unsynced, &record) == seat.unsynced.end()) seat.unsynced.push_back(&record);
}

plugin::Status Broker::sync(Seat& seat) {
  if (!seat.alive) return {};
  if (!calm && dice_.percent(settings_.fault_percent)) {
    seat.sync_failed = true;
    return plugin::Status::timeout();
  }
  make_durable(seat);
  return {};
}

void Broker::make_durable(Seat& seat) {
  for (Record* record : seat.unsynced) {
    if (partitions_[record->partition].owner != &seat) continue;
    SIM_TRACE("durable: " << name(*record));
    const bool waits = std::exchange(record->gives_back, 0) != 0;
    record->settled = record->settled || !waits;
    if (waits) record->due = clock_.monotonic() + record->delay, ++record->given_back;
    record->begun = 0;
    if (waits && settings_.carries) {
      record->attempts = record->said_attempts;
      record->deliveries = 0;
    }
  }
  seat.unsynced.clear();
}

// Durable at once.
plugin::Status Broker::begin(Seat& seat, std::uint64_t token, bool on) {
  if (!seat.alive) return {};
  if (on && !calm && dice_.percent(settings_.fault_percent)) return told(DISPYTCH_EUNAVAILABLE, "the broker does not answer");
  Record& record = record_of(token);
  const Partition& partition = partitions_[record.partition];
  if (partition.owner != &seat || partition.generation != generation_of(token)) return told(DISPYTCH_EFENCED, "somebody else has it");
  SIM_TRACE((on ? "is about to be handled: " : "its handling has ended: ") << name(record));
  if (on) {
    record.most_begun = std::max(record.most_begun, ++record.begun);
  } else if (record.begun > 0) {
    --record.begun;
  }
  return {};
}

void Broker::pause(Seat& seat, std::uint32_t source, bool on) {
  if (Seat::Holding* const held = seat.holding(source & 0xffffu, static_cast<std::uint16_t>(source >> 16))) held->paused = on;
}

void Broker::close(Seat& seat) {
  if (!seat.alive) return;
  if (seat.batches > 0) wrong(&Verdict::unbounded, "closed with " + std::to_string(seat.batches) + " batches unreleased");
  if (!seat.unsynced.empty() && !seat.sync_failed) {
    wrong(&Verdict::mark_violations, "closed before what was settled was durable: " + name(*seat.unsynced.front()));
  }
  leave(seat);
}

}  // namespace dispytch::sim
