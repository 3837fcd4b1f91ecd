#include "holdings.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::sqlite {

// ---- what the group decides ----

void Holdings::assigned(const std::vector<Taken>& all) {
  const plugin::Lock lock{mutex_};
  Event event{.kind = DISPYTCH_ASSIGNED};
  for (const Taken& taken : all) {
    std::size_t slot = 0;
    while (slot < slots_.size() && slots_[slot].source != nullptr) ++slot;
    if (slot == slots_.size()) slots_.emplace_back();
    Slot& its = slots_[slot];
    its.generation = its.generation >= 0xffff ? 1 : its.generation + 1;
    its.serial = next_serial(its.serial);
    its.source = std::make_unique<Source>(
        Source{.taken = taken, .next = taken.position.next, .settled = taken.position.next, .stored = taken.position.next});
    by_partition_[taken.position.partition] = slot;
    event.partitions.push_back(taken.position.partition);
  }
  if (!event.partitions.empty()) events_.push_back(std::move(event));
}

void Holdings::revoke(const std::vector<std::int64_t>& partitions, Time now, std::chrono::milliseconds patience) {
  const plugin::Lock lock{mutex_};
  Event event{.kind = DISPYTCH_REVOKING};
  for (const std::int64_t partition : partitions) {
    const auto slot = find(partition);
    if (!slot) continue;
    Source& source = *slots_[*slot].source;
    if (source.state == State::offered) source.state = State::leaving;  // the host has never heard of it
    if (source.state != State::announced && source.state != State::active) continue;
    source.state = State::recalled;
    source.deadline = now + patience;
    event.partitions.push_back(partition);
  }
  if (!event.partitions.empty()) events_.push_back(std::move(event));
}

void Holdings::lost(const std::vector<std::int64_t>& partitions, const plugin::Error& why) {
  const plugin::Lock lock{mutex_};
  std::vector<std::size_t> gone;
  for (const std::int64_t partition : partitions) {
    if (const auto slot = find(partition)) gone.push_back(*slot);
  }
  lose(gone, why);
}

void Holdings::lost_everything(const plugin::Error& why) {
  const plugin::Lock lock{mutex_};
  std::vector<std::size_t> gone;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].source != nullptr) gone.push_back(slot);
  }
  lose(gone, why);
}

void Holdings::lose(const std::vector<std::size_t>& slots, const plugin::Error& why) {
  Event event{.kind = DISPYTCH_LOST, .why = why};
  for (const std::size_t slot : slots) {
    const State state = slots_[slot].source->state;
    const bool host_knows_it = state != State::offered && state != State::leaving;
    if (host_knows_it) event.lost.push_back(described(slot));
    remove(slot);
  }
  if (!event.lost.empty()) events_.push_back(std::move(event));
  progress_.notify_all();
}

void Holdings::joined() {
  const plugin::Lock lock{mutex_};
  joined_ = true;
}

void Holdings::down(const plugin::Error& why) {
  const plugin::Lock lock{mutex_};
  if (std::exchange(is_down_, true)) return;
  events_.push_back({.kind = DISPYTCH_DOWN, .why = why});
}

void Holdings::up() {
  const plugin::Lock lock{mutex_};
  if (!std::exchange(is_down_, false)) return;
  events_.push_back({.kind = DISPYTCH_UP});
}

// ---- what is to be stored ----

bool Holdings::is_leaving(const Source& source, Time now) const {
  if (is_leaving_ || source.state == State::leaving) return true;
  const bool is_recalled = source.state == State::recalled || source.state == State::revoking;
  return is_recalled && now >= source.deadline;
}

std::vector<Holdings::Held> Holdings::held(Time now) const {
  const plugin::Lock lock{mutex_};
  std::vector<Held> all;
  for (const Slot& slot : slots_) {
    if (slot.source == nullptr) continue;
    Held& held = all.emplace_back(Held{.position = slot.source->taken.position});
    held.position.next = slot.source->settled;
    held.dirty = slot.source->settled != slot.source->stored;
    held.leaving = is_leaving(*slot.source, now);
  }
  return all;
}

bool Holdings::has_dirty() const {
  const plugin::Lock lock{mutex_};
  return stores_ && std::ranges::any_of(
                        slots_, [](const Slot& slot) { return slot.source != nullptr && slot.source->settled != slot.source->stored; });
}

bool Holdings::has_leaving(Time now) const {
  const plugin::Lock lock{mutex_};
  return std::ranges::any_of(slots_, [&](const Slot& slot) {
    mutex_.assert_held();
    return slot.source != nullptr && is_leaving(*slot.source, now);
  });
}

std::optional<Holdings::Time> Holdings::next_deadline() const {
  const plugin::Lock lock{mutex_};
  std::optional<Time> next;
  for (const Slot& slot : slots_) {
    if (slot.source == nullptr || (slot.source->state != State::recalled && slot.source->state != State::revoking)) continue;
    if (!next || slot.source->deadline < *next) next = slot.source->deadline;
  }
  return next;
}

void Holdings::stored(const PositionRow& position) {
  const plugin::Lock lock{mutex_};
  const auto slot = find(position.partition);
  if (slot && slots_[*slot].source->taken.position.epoch == position.epoch) slots_[*slot].source->stored = position.next;
  progress_.notify_all();
}

void Holdings::left(const PositionRow& position) {
  const plugin::Lock lock{mutex_};
  const auto slot = find(position.partition);
  if (slot && slots_[*slot].source->taken.position.epoch == position.epoch) {
    lose({*slot}, {.code = DISPYTCH_EFENCED, .text = "it was not given up in time for another consumer of the group (rebalance_timeout)"});
  }
}

void Holdings::leave() {
  const plugin::Lock lock{mutex_};
  is_leaving_ = true;
}

bool Holdings::empty() const {
  const plugin::Lock lock{mutex_};
  return std::ranges::none_of(slots_, [](const Slot& slot) { return slot.source != nullptr; });
}

bool Holdings::wait_until_stored(std::chrono::steady_clock::time_point deadline) {
  const plugin::Lock lock{mutex_};
  if (!stores_) return true;
  std::vector<PositionRow> awaited;
  for (const Slot& slot : slots_) {
    if (slot.source == nullptr || slot.source->settled == slot.source->stored) continue;
    awaited.push_back(slot.source->taken.position);
    awaited.back().next = slot.source->settled;
  }
  for (;;) {
    std::erase_if(awaited, [&](const PositionRow& position) {
      mutex_.assert_held();
      const auto slot = find(position.partition);
      if (!slot) return true;
      const Source& source = *slots_[*slot].source;
      return source.taken.position.epoch != position.epoch || source.stored >= position.next;
    });
    if (awaited.empty()) return true;
    if (!progress_.wait_until(mutex_, deadline)) return false;
  }
}

// ---- the host's side ----

bool Holdings::take_event(plugin::BatchOut& out, Time now) {
  const plugin::Lock lock{mutex_};
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    switch (event.kind) {
      case DISPYTCH_LOST: out.lost(std::move(event.lost), std::move(event.why)); return true;
      case DISPYTCH_DOWN: out.down(std::move(event.why)); return true;
      case DISPYTCH_UP: out.up(); return true;
      default: break;
    }
    const bool assigns = event.kind == DISPYTCH_ASSIGNED;
    Open open{.token = event_token(last_event_ + 1), .kind = event.kind};
    std::vector<plugin::Source> sources;
    Time deadline = Time::max();
    for (const std::int64_t partition : event.partitions) {
      const auto slot = find(partition);
      if (!slot) continue;  // gone meanwhile
      Source& source = *slots_[*slot].source;
      if (source.state != (assigns ? State::offered : State::recalled)) continue;
      source.state = assigns ? State::announced : State::revoking;
      deadline = std::min(deadline, source.deadline);
      sources.push_back(described(*slot));
      open.partitions.push_back(partition);
    }
    if (sources.empty()) continue;
    ++last_event_;
    told_of_nothing_ = false;
    if (assigns) {
      out.assigned(std::move(sources), open.token);
    } else {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
      out.revoking(std::move(sources), open.token, std::max(left, std::chrono::milliseconds{1}));
    }
    open_.push_back(std::move(open));
    return true;
  }
  const bool has_none = std::ranges::none_of(slots_, [](const Slot& slot) { return slot.source != nullptr; });
  if (!tells_of_nothing_ || !joined_ || !has_none || std::exchange(told_of_nothing_, true)) return false;
  out.assigned({}, 0);
  return true;
}

std::vector<Readable> Holdings::readable() const {
  const plugin::Lock lock{mutex_};
  std::vector<Readable> all;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const Source* const source = slots_[slot].source.get();
    if (source == nullptr || source->state != State::active || source->is_paused || source->next >= source->taken.bounds.high) continue;
    all.push_back({.slot = static_cast<std::uint32_t>(slot),
                   .serial = slots_[slot].serial,
                   .source = id_of(slot),
                   .partition = source->taken.position.partition,
                   .next = source->next,
                   .number = source->taken.number,
                   .topic = source->taken.topic});
  }
  return all;
}

bool Holdings::delivered(const Readable& readable, std::int64_t next) {
  const plugin::Lock lock{mutex_};
  Slot& slot = slots_[readable.slot];
  if (slot.source == nullptr || slot.serial != readable.serial || slot.source->state != State::active || slot.source->is_paused)
    return false;
  slot.source->next = next;
  return true;
}

void Holdings::bounds(std::int64_t partition, Bounds bounds) {
  const plugin::Lock lock{mutex_};
  if (const auto slot = find(partition)) slots_[*slot].source->taken.bounds = bounds;
}

Holdings::Settled Holdings::settle_event(std::uint64_t token) {
  const plugin::Lock lock{mutex_};
  const auto open = std::ranges::find(open_, token, &Open::token);
  if (open == open_.end()) return Settled::stale;
  const bool assigns = open->kind == DISPYTCH_ASSIGNED;
  for (const std::int64_t partition : open->partitions) {
    const auto slot = find(partition);
    if (!slot) continue;
    Source& source = *slots_[*slot].source;
    if (source.state == (assigns ? State::announced : State::revoking)) source.state = assigns ? State::active : State::leaving;
  }
  open_.erase(open);
  return assigns ? Settled::done : Settled::released;
}

bool Holdings::settle_up_to(std::uint64_t token) {
  const plugin::Lock lock{mutex_};
  const std::uint32_t slot = slot_of(token);
  if (slot >= slots_.size() || slots_[slot].source == nullptr || slots_[slot].serial != serial_of(token)) return false;
  Source& source = *slots_[slot].source;
  const std::int64_t offset = offset_of(token, source.next - 1);
  if (source.state == State::leaving || offset < source.settled || offset >= source.next) return false;
  source.settled = offset + 1;
  return true;
}

bool Holdings::pause(std::uint32_t source, bool on) {
  const plugin::Lock lock{mutex_};
  Source* const found = by_id(source);
  if (found != nullptr) found->is_paused = on;
  return found != nullptr;
}

bool Holdings::seek(std::uint32_t source, std::int64_t offset) {
  const plugin::Lock lock{mutex_};
  Source* const found = by_id(source);
  if (found == nullptr) return false;
  const std::int64_t place = std::clamp(offset, found->taken.bounds.low, std::max(found->taken.bounds.low, found->taken.bounds.high));
  Slot& slot = slots_[DISPYTCH_SOURCE_SLOT(source)];
  slot.serial = next_serial(slot.serial);  // what was delivered before is worth nothing any more
  found->next = place;
  found->settled = found->stored = place;  // and nothing is stored until something is settled from there on
  return true;
}

std::vector<plugin::Lag> Holdings::lag() const {
  const plugin::Lock lock{mutex_};
  std::vector<plugin::Lag> all;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const Source* const source = slots_[slot].source.get();
    if (source == nullptr || source->state == State::offered || source->state == State::announced) continue;
    all.push_back({.source = id_of(slot),
                   .messages = std::max<std::int64_t>(source->taken.bounds.high - std::max(source->settled, source->taken.bounds.low), 0)});
  }
  return all;
}

// ---- slots ----

std::optional<std::size_t> Holdings::find(std::int64_t partition) const {
  const auto found = by_partition_.find(partition);
  return found == by_partition_.end() ? std::nullopt : std::optional{found->second};
}

Holdings::Source* Holdings::by_id(std::uint32_t source) {
  const std::uint32_t slot = DISPYTCH_SOURCE_SLOT(source);
  return slot < slots_.size() && slots_[slot].source != nullptr && id_of(slot) == source ? slots_[slot].source.get() : nullptr;
}

plugin::Source Holdings::described(std::size_t slot) const {
  const Source& source = *slots_[slot].source;
  return {.topic = *source.taken.topic,
          .source = id_of(slot),
          .partition = source.taken.number,
          .offset = source.next,
          .high = source.taken.bounds.high};
}

void Holdings::remove(std::size_t slot) {
  by_partition_.erase(slots_[slot].source->taken.position.partition);
  slots_[slot].source.reset();
  slots_[slot].serial = next_serial(slots_[slot].serial);
}

}  // namespace dispytch::sqlite
