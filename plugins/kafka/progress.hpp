// How far a partition is: what was delivered of it and settled, which position is to be committed next, and how much of its log is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "leader_epochs.hpp"

namespace dispytch::kafka {

/// The progress of one source. Knows nothing of librdkafka's handles, and takes no lock: its owner guards it.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// Where the group goes on, and the leader's epoch of the message before.
  struct Position {
    std::int64_t offset = 0;
    std::int32_t epoch = kNoEpoch;
  };

  /// Says where it goes on. What is before isn't to be had any more.
  void place(std::int64_t offset) noexcept;
  bool placed() const noexcept { return placed_; }
  /// The position that it was placed at is to be committed as well.
  void store(std::int64_t offset) noexcept;
  /// The offsets begin anew: nothing that was settled so far is committed.
  void rewind() noexcept;

  void deliver(std::int64_t first, std::int64_t last, std::int32_t epoch);
  /// Returns the highest offset delivered; below 0: none.
  std::int64_t newest() const noexcept { return newest_; }
  /// Settles all up to `offset`. False where it is settled already.
  bool settle(std::int64_t offset);

  /// Returns the position to commit; nothing where committed() was told of the last.
  std::optional<Position> uncommitted() const noexcept;
  /// That position needs to be committed no more.
  void committed(std::int64_t offset) noexcept;

  /// The log ends there, as the broker said at `when`.
  void log_ends(std::int64_t offset, Clock::time_point when) noexcept;
  /// A reader has got all that there is before `offset`; the last that it got is the one before `next`.
  void reached_end(std::int64_t offset, std::int64_t next) noexcept;
  /// Returns how many messages are not settled, where the broker has said within the last `patience` where the log ends.
  std::optional<std::int64_t> lag(Clock::time_point now, std::chrono::milliseconds patience) const noexcept;

 private:
  std::int64_t newest_ = -1;       // the highest offset delivered
  std::int64_t settled_ = -1;      // up to here all is
  std::int64_t uncommitted_ = -1;  // the position to commit; -1: the broker has confirmed the last
  std::int64_t floor_ = 0;         // no position below is committed: the group goes on there, or above
  std::int32_t uncommitted_epoch_ = kNoEpoch;
  LeaderEpochs epochs_;  // of what was delivered and isn't settled

  bool placed_ = false;                // where it begins is known, and so what is settled of it
  std::int64_t log_end_ = -1;          // as the broker said; -1: it has not
  Clock::time_point log_end_at_;       // when
  std::int64_t reached_end_ = -1;      // where a reader found nothing more; -1: it has not yet
  std::int64_t last_before_end_ = -1;  // the last message before that, to be delivered
};

}  // namespace dispytch::kafka
