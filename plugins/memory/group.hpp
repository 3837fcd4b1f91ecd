// A consumer group: how far it has come in each partition, and which of its members holds which.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "progress.hpp"
#include "topic.hpp"

namespace dispytch::memory {

class Member;

/// A partition as one group sees it, and the member that holds it. Its way: free, offered, announced, active, revoking, free.
class GroupPartition {
 public:
  enum class State : std::uint8_t {
    free,       ///< nobody's
    offered,    ///< its member will learn of it by the next ASSIGNED
    announced,  ///< ASSIGNED was handed out and isn't acknowledged; nothing is delivered
    active,     ///< delivering
    recalled,   ///< its member will learn of it by the next REVOKING
    revoking,   ///< REVOKING was handed out; held until that is acknowledged or the deadline
  };

  GroupPartition(Topic& its_topic, Partition& its_partition, std::int64_t start, bool only_looks) noexcept
      : topic{its_topic}, partition{its_partition}, looks{only_looks}, progress{start} {}

  Topic& topic;
  Partition& partition;
  const bool looks;  ///< what it alone has settled stays for others
  Progress progress;

  State state = State::free;
  Member* holder = nullptr;  ///< null where free
  Member* target = nullptr;  ///< who is to hold it
  std::uint16_t slot = 0;    ///< the holder's
  std::uint64_t event = 0;   ///< the event token that state waits for
  bool paused = false;
  std::chrono::nanoseconds deadline{};  ///< recalled and revoking: when it is taken away, on the host's monotonic clock
};

/// Guarded by the broker's mutex, like its members.
class Group {
 public:
  /// `looks`: nothing is removed from a topic because it has settled that.
  Group(std::string name, std::chrono::milliseconds rebalance_timeout, bool looks = false) noexcept
      : name_{std::move(name)}, rebalance_timeout_{rebalance_timeout}, looks_{looks} {}
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const std::string& name() const noexcept { return name_; }
  bool empty() const noexcept { return members_.empty(); }
  const std::vector<Member*>& members() const noexcept { return members_; }

  /// Adds a topic's partitions where they are new to the group: from their oldest message on, or from what comes next.
  void read(Topic& topic, bool from_oldest);

  /// Where it goes on in a partition; nullopt: it doesn't read it.
  std::optional<std::int64_t> stored(const Partition& partition) const noexcept;

  /// The partitions that it reads.
  const std::vector<std::unique_ptr<GroupPartition>>& partitions() const noexcept { return partitions_; }

  void join(Member& member);
  /// Returns whether the member holds a partition, or is to.
  bool has_part(const Member& member) const noexcept;
  /// Takes everything from the member, without events, and gives it to the others.
  void leave(Member& member) noexcept;

  /// Spreads the partitions over the members that subscribe to their topics; moves as few as it can.
  void rebalance(std::chrono::nanoseconds now);
  /// Takes away what was recalled and not given up in time.
  void expire(std::chrono::nanoseconds now);
  /// When expire has something to do next.
  std::optional<std::chrono::nanoseconds> next_deadline() const noexcept;

  /// The holder has given it up (or has lost it): what it didn't settle goes to the next one.
  void give_up(GroupPartition& partition);

 private:
  void choose_targets();
  void offer(GroupPartition& partition);
  void free(GroupPartition& partition) noexcept;

  const std::string name_;
  const std::chrono::milliseconds rebalance_timeout_;
  const bool looks_;
  std::vector<std::unique_ptr<GroupPartition>> partitions_ = {};
  std::vector<Member*> members_ = {};  // in the order they joined
  std::size_t recalled_ = 0;           // partitions recalled or revoking
};

}  // namespace dispytch::memory
