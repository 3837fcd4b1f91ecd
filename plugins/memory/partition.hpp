// One partition of a topic: an append-only log of messages, kept in segments that readers may outlive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include <dispytch/plugin/abi.h>

namespace dispytch::memory {

class GroupPartition;

/// A stored message. `view` is complete but for what differs by reader: source, token, attempt.
struct Record {
  dispytch_message view;
  std::size_t size;  ///< bytes of key, payload and headers together: what counts against a topic's max_bytes
};

/// The bytes of key, payload and headers of a message.
std::size_t size_of(const dispytch_message& message) noexcept;

/// A run of messages and all their bytes in one arena. Neither moves once written, so a reader that holds the segment may look at its
/// records without a lock while the log goes on, and after the log has dropped it.
class Segment {
 public:
  static constexpr std::int64_t kRecords = 256;

  bool full() const noexcept { return count_ == kRecords; }
  /// Copies all bytes of the message. Strong exception guarantee.
  Record& append(const dispytch_message& message, std::size_t size);
  const Record& operator[](std::size_t index) const noexcept { return records_[index]; }

 private:
  std::pmr::monotonic_buffer_resource arena_{4096};
  std::unique_ptr<Record[]> records_ = std::make_unique_for_overwrite<Record[]>(kRecords);
  std::int64_t count_ = 0;
};

/// A log. Guarded by the broker's mutex, as everything that isn't said to be a reader's own.
class Partition {
 public:
  Partition(const std::string& topic, std::int32_t index) noexcept : topic_{topic}, index_{index} {}

  const std::string& topic() const noexcept { return topic_; }
  std::int32_t index() const noexcept { return index_; }
  std::int64_t start() const noexcept { return start_; }  ///< offset of the oldest message kept
  std::int64_t end() const noexcept { return end_; }      ///< offset that the next message gets

  /// Appends a message and returns its offset. `now_ms` is its time where it says none itself.
  std::int64_t append(const dispytch_message& message, std::size_t size, std::int64_t now_ms);

  /// The record at an offset in [start, end).
  const Record& at(std::int64_t offset) const noexcept { return (*segment(offset))[static_cast<std::size_t>(offset % Segment::kRecords)]; }
  /// The segment of an offset in [start, end); holding it keeps its views alive.
  const std::shared_ptr<Segment>& segment(std::int64_t offset) const noexcept {
    return segments_[static_cast<std::size_t>(offset / Segment::kRecords - start_ / Segment::kRecords)];
  }

  struct Dropped {
    std::size_t messages = 0, bytes = 0;
  };
  /// Drops the messages before `offset`. Memory goes with the last segment's last reader.
  Dropped drop_before(std::int64_t offset) noexcept;

  /// The consumer groups that read this partition.
  std::vector<GroupPartition*> readers = {};

 private:
  const std::string& topic_;
  const std::int32_t index_;
  std::int64_t start_ = 0;
  std::int64_t end_ = 0;
  std::deque<std::shared_ptr<Segment>> segments_ = {};  // of [start_, end_), aligned to Segment::kRecords
};

}  // namespace dispytch::memory
