// A consumer as its group sees it: the topics it subscribes to, the partitions it holds, the events it is to learn of.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace dispytch::memory {

class GroupPartition;
class Topic;

/// Guarded by the broker's mutex.
///
/// Tokens hold [slot:16][serial:16][the offset's low 32 bits]. A slot's serial changes whenever the partition in it is another one or
/// is read from another place, so a token from before is told from its successors and refused.
class Member {
 public:
  struct Slot {
    GroupPartition* partition = nullptr;  ///< null: free
    std::uint16_t generation = 0;
    std::uint16_t serial = 0;
  };
  static constexpr std::uint64_t kEventSlot = 0xffff;  ///< the slot of event tokens
  static constexpr std::size_t kMaxSlots = kEventSlot;

  Member() = default;
  virtual ~Member() = default;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  /// There is something to poll.
  virtual void signal() noexcept = 0;

  bool subscribes(const Topic& topic) const noexcept { return topics.contains(&topic); }

  /// Puts a partition into a slot, as `offered`.
  void take(GroupPartition& partition);
  /// Empties the partition's slot; its tokens are worth nothing from now on.
  void drop(GroupPartition& partition) noexcept;
  /// The tokens given out for a slot so far are worth nothing from now on.
  void fence(std::uint16_t slot) noexcept;

  std::uint32_t source(std::uint16_t slot) const noexcept { return DISPYTCH_SOURCE(slot, slots[slot].generation); }
  std::uint64_t token(std::uint16_t slot, std::int64_t offset) const noexcept {
    return std::uint64_t{slot} << 48 | std::uint64_t{slots[slot].serial} << 32 | static_cast<std::uint32_t>(offset);
  }
  /// The partition that a token or a source speaks of; null where it is no longer, or never was, this member's.
  GroupPartition* by_token(std::uint64_t token) const noexcept;
  GroupPartition* by_source(std::uint32_t source) const noexcept;
  /// The partition as the border names it, with the place where its delivery goes on.
  plugin::Source describe(const GroupPartition& partition) const;

  /// The next event there is, or false. Takes the partitions it names a step further.
  bool take_event(plugin::BatchOut& out, std::chrono::nanoseconds now);
  /// The host has done what an event asked for. Partitions given up by that are returned. Nullopt: no such event is open.
  std::optional<std::vector<GroupPartition*>> finish_event(std::uint64_t token);

  std::set<const Topic*> topics = {};
  std::vector<Slot> slots = {};
  std::vector<plugin::Source> lost = {};
  bool has_events = false;

 private:
  std::vector<std::uint64_t> open_events_ = {};
  std::uint64_t last_event_ = kEventSlot << 48;
};

}  // namespace dispytch::memory
