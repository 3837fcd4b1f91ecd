// Who of a group's members reads which partition: for brokers that know no groups, where the members agree by themselves.
//
// Each member computes the whole assignment from what all of them see in the broker, and gives up or takes what it says. The assignment is
// a wish: two members that see different things may both want a partition for a moment, and a lease decides (lease.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace dispytch::plugin {

/// A partition that a member is to read.
struct PartitionToRead {
  /// The members that want it, as indexes, each once: those that have subscribed to its topic. They outlive the call of assign().
  std::span<const std::size_t> readers = {};
  /// The member that reads it at present; nullopt: none, or one that lives no longer.
  std::optional<std::size_t> owner = {};
};

namespace detail {

class Assignment {
 public:
  Assignment(std::size_t members, std::span<const PartitionToRead> partitions)
      : partitions_{partitions}, readers_(partitions.size()), owned_(members) {}

  std::vector<std::optional<std::size_t>> compute() {
    keep();
    place();
    for (std::size_t most = 0; most < owned_.size();) {
      if (!relieve(by_load()[most]))
        ++most;
      else
        most = 0;
    }
    return std::move(readers_);
  }

 private:
  // A member, and the partition through which a search has come to it from the member before.
  struct Step {
    std::size_t from = 0, partition = 0;
  };

  bool wanted_by(std::size_t partition, std::size_t member) const {
    return std::ranges::find(partitions_[partition].readers, member) != partitions_[partition].readers.end();
  }
  void give(std::size_t partition, std::size_t member) {
    std::vector<std::size_t>& its = owned_[member];
    its.insert(std::ranges::lower_bound(its, partition), partition);
    readers_[partition] = member;
  }

  void keep() {
    for (std::size_t partition = 0; partition < partitions_.size(); ++partition) {
      const std::optional<std::size_t> owner = partitions_[partition].owner;
      if (owner && *owner < owned_.size() && wanted_by(partition, *owner)) give(partition, *owner);
    }
  }

  // Those with the fewest readers first, as the others have more of a choice.
  void place() {
    std::vector<std::size_t> free;
    for (std::size_t partition = 0; partition < partitions_.size(); ++partition) {
      if (!readers_[partition] && !partitions_[partition].readers.empty()) free.push_back(partition);
    }
    std::ranges::stable_sort(free, {}, [&](std::size_t partition) { return partitions_[partition].readers.size(); });
    for (const std::size_t partition : free) {
      std::optional<std::size_t> least;
      for (const std::size_t member : partitions_[partition].readers) {
        if (member >= owned_.size()) continue;
        const bool less =
            !least || owned_[member].size() < owned_[*least].size() || (owned_[member].size() == owned_[*least].size() && member < *least);
        if (less) least = member;
      }
      if (least) give(partition, *least);
    }
  }

  // The members, those with the most partitions first.
  std::vector<std::size_t> by_load() const {
    std::vector<std::size_t> members(owned_.size());
    for (std::size_t member = 0; member < members.size(); ++member) members[member] = member;
    std::ranges::stable_sort(members, std::ranges::greater{}, [&](std::size_t member) { return owned_[member].size(); });
    return members;
  }

  // Moves one partition of `member`'s to one with at least two fewer, on the shortest way, over others who pass one of theirs on: where all
  // want the same, that is directly. Returns whether there was such a one.
  bool relieve(std::size_t member) {
    std::vector<std::optional<Step>> reached(owned_.size());
    std::deque<std::size_t> waiting{member};
    reached[member] = Step{member, 0};
    std::optional<std::size_t> best;
    while (!waiting.empty() && !best) {
      for (std::size_t count = waiting.size(); count > 0; --count) {  // all that are equally far
        const std::size_t from = waiting.front();
        waiting.pop_front();
        for (const std::size_t partition : owned_[from]) {
          for (const std::size_t to : partitions_[partition].readers) {
            if (to >= owned_.size() || reached[to]) continue;
            reached[to] = Step{from, partition};
            waiting.push_back(to);
            const bool lighter = owned_[to].size() + 2 <= owned_[member].size();
            const bool lightest = !best || std::pair{owned_[to].size(), to} < std::pair{owned_[*best].size(), *best};
            if (lighter && lightest) best = to;
          }
        }
      }
    }
    if (!best) return false;
    for (std::size_t at = *best; at != member;) {
      const Step step = *reached[at];
      std::erase(owned_[step.from], step.partition);
      give(step.partition, at);
      at = step.from;
    }
    return true;
  }

  std::span<const PartitionToRead> partitions_;
  std::vector<std::optional<std::size_t>> readers_;  // by partition
  std::vector<std::vector<std::size_t>> owned_;      // by member; ascending
};

}  // namespace detail

/// Returns for each of the partitions `all` the member that is to read it, as an index below `members`; nullopt where nobody wants it.
///
/// - Pure: the same for the same arguments, so number the members by their sorted names, and the partitions by topic and number.
/// - Balanced: no partition can be passed on, be it over others, from a member to one that has two or more fewer. Where all members want
///   all partitions, none has more than one more than another.
/// - Sticky: a partition stays with its owner unless the balance takes it away. Where all members want all partitions, as few move as can.
/// - Steady: computed anew while it is carried out, when partitions have been given up and not taken yet, it comes to an end; where all
///   members want all partitions, it says the same as before.
///
/// The time grows with the product of partitions and readers, times the number of partitions that move: compute it when members, owners or
/// topics have changed, not for each message.
inline std::vector<std::optional<std::size_t>> assign(std::size_t members, std::span<const PartitionToRead> all) {
  return detail::Assignment{members, all}.compute();
}

}  // namespace dispytch::plugin
