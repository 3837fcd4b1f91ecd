// How far a group has come in one partition: what it has been given, what it has settled, where it goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>

namespace dispytch::memory {

/// Settlements in any order over one partition's offsets.
///
/// The window holds one entry for each message from `base` on that has been delivered; settled entries leave it at the front, so
/// base is the low-water mark. `committed` follows base with every settlement and is what outlives a lease: a seek alone commits nothing.
/// What is delayed stays in the window, unsettled, and is passed over until it is due; then it is delivered out of its place.
/// Invariant: base <= position, and the window covers at least [base, position).
class Progress {
 public:
  /// How this lease has delivered a message that it hasn't given back since. A token names one delivery, not the message.
  enum class Out : std::uint8_t { no, in_order, after_a_delay };

  explicit Progress(std::int64_t start) noexcept : committed_{start}, base_{start}, position_{start} {}

  std::int64_t committed() const noexcept { return committed_; }
  std::int64_t position() const noexcept { return position_; }  ///< the next offset to deliver, but for what is settled already
  /// The oldest offset that may still be delivered.
  std::int64_t oldest_needed() const noexcept { return committed_ < base_ ? committed_ : base_; }

  /// Counts the messages before `end`, that of the log, which are not settled.
  std::int64_t unsettled_before(std::int64_t end) const noexcept;

  /// Moves the position over messages that were settled by an earlier lease, are delayed, or were delivered out of their place; afterwards
  /// position() is what to deliver next.
  void skip_settled() noexcept {
    while (position_ - base_ < size() && entry(position_).passed_over()) ++position_;
  }

  /// What is known of a message besides its bytes.
  struct Counts {
    std::uint32_t deliveries = 0;                ///< to the group, this one included; since `attempts` were said
    std::optional<std::uint16_t> attempts = {};  ///< said when it was given back
    std::uint16_t begun = 0;                     ///< times that its handling was said to begin, and no end followed
  };

  /// Delivers the message at position().
  Counts deliver() {
    if (position_ - base_ == size()) window_.push_back({});
    return count_delivery(entry(position_++), Out::in_order);
  }

  /// Passes over the message at position() until `due`, on the host's monotonic clock.
  void delay(std::chrono::nanoseconds due) {
    if (position_ - base_ == size()) window_.push_back({});
    entry(position_).delayed = true;
    delayed_.emplace(due, position_++);
  }
  /// When the first of the delayed messages is due.
  std::optional<std::chrono::nanoseconds> next_due() const noexcept {
    return delayed_.empty() ? std::nullopt : std::optional{delayed_.begin()->first};
  }
  /// The offset of the message that is due first; there is one.
  std::int64_t first_delayed() const noexcept { return delayed_.begin()->second; }
  /// Delivers it, as deliver() does.
  Counts deliver_first_delayed() noexcept;

  /// Settles the delivered message whose offset ends in these 32 bits. False, and nothing changes, where it is settled already or
  /// was never delivered.
  bool ack(std::uint32_t offset, Out delivered = Out::in_order) noexcept;
  /// Settles that message and all before it.
  bool ack_up_to(std::uint32_t offset, Out delivered = Out::in_order) noexcept;

  /// The delivered message is not settled, and to be delivered again, not before `due`. `attempts`: where they are said. False as for ack.
  bool requeue(std::uint32_t offset, std::chrono::nanoseconds due, Out delivered = Out::in_order,
               std::optional<std::uint32_t> attempts = std::nullopt);

  /// Whether that message is delivered and not settled.
  bool is_out(std::uint32_t offset, Out delivered) const noexcept { return find(offset, delivered) >= 0; }
  /// Its handling is about to begin; or (`on` false) has ended without a settlement. Nothing for one that is not out.
  void begin(std::uint32_t offset, Out delivered, bool on) noexcept;

  /// Another consumer takes over: what is not settled is delivered again, from committed() on; what is delayed stays so.
  void rewind() noexcept;
  /// What lies before `offset` is deleted: it is neither delivered any more nor to be settled.
  void deleted_before(std::int64_t offset) noexcept;
  /// Delivery goes on at `offset`; what was delivered or delayed before is forgotten, not settled.
  void seek(std::int64_t offset) noexcept;
  /// The same, and settles what lies before: nobody holds the partition.
  void move(std::int64_t offset) noexcept;

  /// How many messages from base on are settled, and how many are delivered and not settled.
  struct Standing {
    std::int64_t settled = 0, in_hand = 0;
    std::int64_t first_unsettled = 0;  ///< offset
  };
  Standing standing() const noexcept;

 private:
  struct Entry {
    std::uint32_t deliveries = 0;
    std::uint16_t attempts = 0, begun = 0;
    bool says_attempts = false;
    bool settled = false;
    bool delayed = false;  // it is in delayed_
    Out out = Out::no;
    bool passed_over() const noexcept { return settled || delayed || out != Out::no; }
  };

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(window_.size()); }
  Entry& entry(std::int64_t offset) noexcept { return window_[static_cast<std::size_t>(offset - base_)]; }
  // The place in the window of a delivered, unsettled message; -1 where there is none.
  std::int64_t find(std::uint32_t offset, Out delivered) const noexcept;
  void commit() noexcept;
  static Counts count_delivery(Entry& delivered, Out out) noexcept;

  std::int64_t committed_;
  std::int64_t base_;
  std::int64_t position_;
  std::deque<Entry> window_ = {};
  std::set<std::pair<std::chrono::nanoseconds, std::int64_t>> delayed_ = {};  // when it is due, and the offset
};

}  // namespace dispytch::memory
