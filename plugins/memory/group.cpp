#include "group.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "member.hpp"

namespace dispytch::memory {

using State = GroupPartition::State;

Group::~Group() {
  for (const auto& own : partitions_) {
    std::erase(own->partition.readers, own.get());
    own->topic.trim(own->partition);
  }
}

void Group::read(Topic& topic, bool from_oldest) {
  if (std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& own) { return &own->topic == &topic; })) return;
  for (const auto& partition : topic.partitions()) {
    const std::int64_t start = from_oldest ? partition->start() : partition->end();
    partitions_.push_back(std::make_unique<GroupPartition>(topic, *partition, start, looks_));
    partition->readers.push_back(partitions_.back().get());
  }
}

std::optional<std::int64_t> Group::stored(const Partition& partition) const noexcept {
  for (const auto& own : partitions_) {
    if (&own->partition == &partition) return own->progress.committed();
  }
  return std::nullopt;
}

void Group::join(Member& member) { members_.push_back(&member); }

bool Group::has_part(const Member& member) const noexcept {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [&](const auto& own) { return own->target == &member || own->holder == &member; });
}

void Group::leave(Member& member) noexcept {
  std::erase(members_, &member);
  for (const auto& own : partitions_) {
    if (own->target == &member) own->target = nullptr;
    if (own->holder == &member) free(*own);
  }
}

void Group::choose_targets() {
  std::map<Member*, int> load;
  for (Member* member : members_) load[member] = 0;
  for (const auto& own : partitions_) {
    if (own->target != nullptr) ++load[own->target];
  }
  // The subscriber with the fewest partitions; of several the one that joined first.
  const auto least_loaded = [&](const GroupPartition& partition) {
    Member* least = nullptr;
    for (Member* member : members_) {
      if (member->subscribes(partition.topic) && (least == nullptr || load[member] < load[least])) least = member;
    }
    return least;
  };
  for (const auto& own : partitions_) {
    if (own->target != nullptr) continue;
    own->target = least_loaded(*own);
    if (own->target != nullptr) ++load[own->target];
  }
  // Each move makes the loads more even, so this ends.
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& own : partitions_) {
      if (own->target == nullptr) continue;
      Member* const least = least_loaded(*own);
      if (load[least] + 1 >= load[own->target]) continue;
      --load[own->target];
      ++load[least];
      own->target = least;
      moved = true;
    }
  }
}

void Group::rebalance(std::chrono::nanoseconds now) {
  choose_targets();
  for (const auto& own : partitions_) {
    if (own->state == State::free) {
      offer(*own);
    } else if (own->holder == own->target) {
      if (own->state == State::recalled) {  // it may stay after all
        own->state = own->event != 0 ? State::announced : State::active;
        --recalled_;
      }
    } else if (own->state == State::offered) {
      free(*own);
      offer(*own);
    } else if (own->state == State::announced || own->state == State::active) {
      own->state = State::recalled;
      ++recalled_;
      own->deadline = now + rebalance_timeout_;
      own->holder->has_events = true;
      own->holder->signal();
    }
  }
}

void Group::expire(std::chrono::nanoseconds now) {
  const auto next = next_deadline();
  if (!next || *next > now) return;
  for (const auto& own : partitions_) {
    if ((own->state != State::recalled && own->state != State::revoking) || own->deadline > now) continue;
    own->holder->lost.push_back(own->holder->describe(*own));
    own->holder->has_events = true;
    own->holder->signal();
    give_up(*own);
  }
}

std::optional<std::chrono::nanoseconds> Group::next_deadline() const noexcept {
  if (recalled_ == 0) return std::nullopt;
  std::optional<std::chrono::nanoseconds> next;
  for (const auto& own : partitions_) {
    if (own->state != State::recalled && own->state != State::revoking) continue;
    if (!next || own->deadline < *next) next = own->deadline;
  }
  return next;
}

void Group::give_up(GroupPartition& partition) {
  free(partition);
  offer(partition);
}

void Group::offer(GroupPartition& partition) {
  if (partition.target != nullptr) partition.target->take(partition);
}

void Group::free(GroupPartition& partition) noexcept {
  if (partition.state == State::recalled || partition.state == State::revoking) --recalled_;
  partition.holder->drop(partition);
  partition.holder = nullptr;
  partition.state = State::free;
  partition.event = 0;
  partition.progress.rewind();
}

}  // namespace dispytch::memory
