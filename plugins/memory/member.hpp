// A consumer as its group sees it: the topics it subscribes to, the partitions it holds, the events it is to learn of.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace dispytch::memory {

class GroupPartition;
class Topic;

/// Guarded by the broker's mutex.
///
/// Tokens hold [slot:16][serial:16][the offset's low 32 bits]. A slot's serial changes whenever the partition in it is another one or
/// is read from another place, so a token from before is told from its successors and refused. A message that was delayed has a token of
/// its own, of the slot kDelayedSlot, so that one of a delivery before it is refused.
class Member {
 public:
  struct Slot {
    GroupPartition* partition = nullptr;  ///< null: free
    std::uint16_t generation = 0;
    std::uint16_t serial = 0;
  };
  static constexpr std::uint64_t kEventSlot = 0xffff;            ///< the slot of event tokens
  static constexpr std::uint64_t kDelayedSlot = kEventSlot - 1;  ///< of tokens of messages that were delayed
  static constexpr std::size_t kMaxSlots = kDelayedSlot;

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
  /// A token of its own for a message of the slot that was delayed.
  std::uint64_t delayed_token(std::uint16_t slot, std::int64_t offset);
  /// What a token speaks of: its partition, null where that is no longer, or never was, this member's; and the offset's low 32 bits.
  struct Named {
    GroupPartition* partition = nullptr;
    std::uint32_t offset = 0;
    bool delayed = false;  ///< the token is one of delayed_token()
  };
  Named by_token(std::uint64_t token) const noexcept;
  /// The message of that token is settled or given back.
  void forget_token(std::uint64_t token) noexcept {
    if (token >> 48 == kDelayedSlot) delayed_tokens_.erase(token);
  }
  /// The partition that a source speaks of; null as above.
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
  std::unordered_map<std::uint64_t, std::uint64_t> delayed_tokens_ = {};  // to the ordinary token of that message
  std::uint64_t last_delayed_token_ = kDelayedSlot << 48;
};

}  // namespace dispytch::memory
