// How far a group has come in one partition: what it has been given, what it has settled, where it goes on.
#pragma once

#include <cstdint>
#include <deque>

namespace dispytch::memory {

/// Settlements in any order over one partition's offsets.
///
/// The window holds one entry for each message from `base` on that has been delivered; settled entries leave it at the front, so
/// base is the low-water mark. `committed` follows base with every settlement and is what outlives a lease: a seek alone commits nothing.
/// Invariant: base <= position, and the window covers at least [base, position).
class Progress {
 public:
  explicit Progress(std::int64_t start) noexcept : committed_{start}, base_{start}, position_{start} {}

  std::int64_t committed() const noexcept { return committed_; }
  std::int64_t position() const noexcept { return position_; }  ///< the next offset to deliver, but for what is settled already
  /// The oldest offset that may still be delivered.
  std::int64_t oldest_needed() const noexcept { return committed_ < base_ ? committed_ : base_; }

  /// Moves the position over messages that were settled by an earlier lease; afterwards position() is what to deliver next.
  void skip_settled() noexcept {
    while (position_ - base_ < size() && entry(position_).settled) ++position_;
  }

  /// Delivers the message at position(). Returns how often it has been delivered to the group, this time included.
  std::uint32_t deliver() {
    if (position_ - base_ == size()) window_.push_back({});
    return ++entry(position_++).deliveries;
  }

  /// Settles the delivered message whose offset ends in these 32 bits. False, and nothing changes, where it is settled already or
  /// was never delivered.
  bool ack(std::uint32_t offset) noexcept;
  /// Settles that message and all before it.
  bool ack_up_to(std::uint32_t offset) noexcept;

  /// Another consumer takes over: what is not settled is delivered again, from committed() on.
  void rewind() noexcept;
  /// Delivery goes on at `offset`; what was delivered before is forgotten, not settled.
  void seek(std::int64_t offset) noexcept;

 private:
  struct Entry {
    std::uint32_t deliveries = 0;
    bool settled = false;
  };

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(window_.size()); }
  Entry& entry(std::int64_t offset) noexcept { return window_[static_cast<std::size_t>(offset - base_)]; }
  // The place in the window of a delivered, unsettled message; -1 where there is none.
  std::int64_t find(std::uint32_t offset) const noexcept;
  void commit() noexcept;

  std::int64_t committed_;
  std::int64_t base_;
  std::int64_t position_;
  std::deque<Entry> window_ = {};
};

}  // namespace dispytch::memory
