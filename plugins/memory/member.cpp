#include "member.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "group.hpp"

namespace dispytch::memory {

using State = GroupPartition::State;

void Member::take(GroupPartition& partition) {
  auto slot = std::find_if(slots.begin(), slots.end(), [](const Slot& candidate) { return candidate.partition == nullptr; });
  if (slot == slots.end()) slot = slots.insert(slots.end(), Slot{});
  slot->partition = &partition;
  ++slot->generation;
  partition.holder = this;
  partition.slot = static_cast<std::uint16_t>(slot - slots.begin());
  partition.state = State::offered;
  partition.paused = false;
  fence(partition.slot);
  has_events = true;
  signal();
}

void Member::drop(GroupPartition& partition) noexcept {
  fence(partition.slot);
  slots[partition.slot].partition = nullptr;
}

void Member::fence(std::uint16_t slot) noexcept {
  if (++slots[slot].serial == 0) ++slots[slot].serial;  // so that no token is 0
  std::erase_if(delayed_tokens_, [slot](const auto& token) { return token.second >> 48 == slot; });
}

std::uint64_t Member::delayed_token(std::uint16_t slot, std::int64_t offset) {
  delayed_tokens_.emplace(++last_delayed_token_, token(slot, offset));
  return last_delayed_token_;
}

Member::Named Member::by_token(std::uint64_t token) const noexcept {
  const bool delayed = token >> 48 == kDelayedSlot;
  if (delayed) {
    const auto found = delayed_tokens_.find(token);
    if (found == delayed_tokens_.end()) return {};
    token = found->second;
  }
  const std::size_t slot = token >> 48;
  if (slot >= slots.size() || slots[slot].serial != static_cast<std::uint16_t>(token >> 32)) return {};
  return {slots[slot].partition, static_cast<std::uint32_t>(token), delayed};
}

GroupPartition* Member::by_source(std::uint32_t source) const noexcept {
  const std::size_t slot = DISPYTCH_SOURCE_SLOT(source);
  if (slot >= slots.size() || slots[slot].generation != DISPYTCH_SOURCE_GENERATION(source)) return nullptr;
  return slots[slot].partition;
}

plugin::Source Member::describe(const GroupPartition& partition) const {
  return {.topic = partition.topic.name(),
          .source = source(partition.slot),
          .partition = partition.partition.index(),
          .offset = partition.progress.position(),
          .high = partition.partition.end()};
}

bool Member::take_event(plugin::BatchOut& out, std::chrono::nanoseconds now) {
  if (!has_events) return false;
  if (!lost.empty()) {
    out.lost(std::exchange(lost, {}), {.code = DISPYTCH_EFENCED,
                                       .text = "the partitions were recalled for another consumer of the group and not given up within "
                                               "rebalance_timeout; what was not settled goes to that consumer"});
    return true;
  }
  for (const auto& [from, to] : {std::pair{State::recalled, State::revoking}, std::pair{State::offered, State::announced}}) {
    std::vector<plugin::Source> sources;
    std::chrono::nanoseconds deadline = std::chrono::nanoseconds::max();
    const std::uint64_t token = last_event_ + 1;
    for (const Slot& slot : slots) {
      if (slot.partition == nullptr || slot.partition->state != from) continue;
      slot.partition->progress.skip_settled();
      sources.push_back(describe(*slot.partition));
      deadline = std::min(deadline, slot.partition->deadline);
    }
    if (sources.empty()) continue;
    open_events_.push_back(token);
    if (to == State::revoking) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
      out.revoking(std::move(sources), token, std::max(left, std::chrono::milliseconds{1}));
    } else {
      out.assigned(std::move(sources), token);
    }
    last_event_ = token;
    for (const Slot& slot : slots) {
      if (slot.partition == nullptr || slot.partition->state != from) continue;
      slot.partition->state = to;
      slot.partition->event = token;
    }
    return true;
  }
  has_events = false;
  return false;
}

std::optional<std::vector<GroupPartition*>> Member::finish_event(std::uint64_t token) {
  if (std::erase(open_events_, token) == 0) return std::nullopt;
  std::vector<GroupPartition*> given_up;
  for (const Slot& slot : slots) {
    if (slot.partition == nullptr || slot.partition->event != token) continue;
    slot.partition->event = 0;
    if (slot.partition->state == State::revoking) given_up.push_back(slot.partition);
    if (slot.partition->state == State::announced) slot.partition->state = State::active;
  }
  return given_up;
}

}  // namespace dispytch::memory
