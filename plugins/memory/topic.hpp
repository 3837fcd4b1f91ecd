// A topic: its partitions, where a message goes among them, and the bound on what they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "partition.hpp"

namespace dispytch::memory {

/// Whoever waits for room in a topic.
class RoomWaiter {
 public:
  virtual ~RoomWaiter() = default;
  virtual void room() noexcept = 0;  ///< called under the broker's mutex: it only signals
};

struct TopicOptions {
  std::int32_t partitions = 1;
  std::size_t max_messages = 1'000'000;
  std::size_t max_bytes = 64 << 20;  ///< of keys, payloads and headers

  bool operator==(const TopicOptions&) const = default;
};

/// Guarded by the broker's mutex.
class Topic {
 public:
  Topic(std::string name, TopicOptions options);

  const std::string& name() const noexcept { return name_; }
  const TopicOptions& options() const noexcept { return options_; }
  const std::vector<std::unique_ptr<Partition>>& partitions() const noexcept { return partitions_; }

  /// Whether a message of `size` bytes fits beside what is kept.
  bool has_room(std::size_t size) const noexcept { return messages_ < options_.max_messages && size <= options_.max_bytes - bytes_; }

  bool unread() const noexcept;  ///< by any group
  /// True once: a full topic that nobody reads is worth one line in the log.
  bool warn_once() noexcept { return !std::exchange(warned_, true); }

  /// The partition of a message that names none: by its key as Kafka does, without a key one after the other.
  Partition& place(const dispytch_message& message) noexcept;

  /// Returns the offset, and tells those who wait for messages.
  std::int64_t append(Partition& partition, const dispytch_message& message, std::size_t size, std::int64_t now_ms);

  /// Drops what every group that reads the partition has settled; tells those who wait for room. Without a group everything is kept.
  void trim(Partition& partition) noexcept;

  /// Drops what lies before `offset`, read or not, for every group; tells those who wait for room. `offset` is at most the end.
  void delete_before(Partition& partition, std::int64_t offset) noexcept;

  /// The waiter is told once, when there is room again.
  void wait_for_room(RoomWaiter& waiter);
  void forget(RoomWaiter& waiter) noexcept;

 private:
  void drop(Partition& partition, std::int64_t before) noexcept;

  const std::string name_;
  const TopicOptions options_;
  std::vector<std::unique_ptr<Partition>> partitions_ = {};
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t next_without_key_ = 0;
  std::vector<RoomWaiter*> waiting_ = {};
  bool warned_ = false;
};

}  // namespace dispytch::memory
