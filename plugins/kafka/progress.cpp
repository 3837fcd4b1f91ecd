#include "progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace dispytch::kafka {

void Progress::place(std::int64_t offset) noexcept {
  floor_ = offset;
  if (newest_ < 0) settled_ = offset - 1;
  placed_ = true;
}

void Progress::store(std::int64_t offset) noexcept {
  uncommitted_ = std::max(uncommitted_, offset);
  uncommitted_epoch_ = kNoEpoch;
}

void Progress::rewind() noexcept {
  newest_ = settled_ = uncommitted_ = -1;
  floor_ = 0;
  epochs_ = {};
  log_end_ = reached_end_ = last_before_end_ = -1;
}

void Progress::deliver(std::int64_t first, std::int64_t last, std::int32_t epoch) {
  newest_ = std::max(newest_, last);
  epochs_.begin(first, epoch);
  if (first < uncommitted_) uncommitted_ = -1;
  floor_ = std::min(floor_, first);
  settled_ = std::min(settled_, first - 1);  // after a seek, or where the topic was made anew, they come again
}

bool Progress::settle(std::int64_t offset) {
  if (offset <= settled_) return false;
  settled_ = offset;
  if (offset + 1 < floor_) return true;  // the group is to go on above it already
  uncommitted_ = offset + 1;
  uncommitted_epoch_ = epochs_.settle(offset);
  return true;
}

std::optional<Progress::Position> Progress::uncommitted() const noexcept {
  if (uncommitted_ < 0) return std::nullopt;
  return Position{.offset = uncommitted_, .epoch = uncommitted_epoch_};
}

void Progress::committed(std::int64_t offset) noexcept {
  if (uncommitted_ == offset) uncommitted_ = -1;
}

void Progress::log_ends(std::int64_t offset, Clock::time_point when) noexcept {
  log_end_ = offset;
  log_end_at_ = when;
}

void Progress::reached_end(std::int64_t offset, std::int64_t next) noexcept {
  reached_end_ = offset;
  last_before_end_ = next - 1;
}

// Behind the last message there may be marks of transactions, which no reader gets: where one has found the end, and all before it is
// settled, nothing is left, whatever the offsets say.
std::optional<std::int64_t> Progress::lag(Clock::time_point now, std::chrono::milliseconds patience) const noexcept {
  if (!placed_ || log_end_ < 0 || now - log_end_at_ > patience) return std::nullopt;
  std::int64_t handled = settled_ + 1;
  if (reached_end_ >= 0 && settled_ >= last_before_end_) handled = std::max(handled, reached_end_);
  const std::int64_t end = std::max(log_end_, newest_ + 1);
  return std::max<std::int64_t>(0, end - handled);
}

}  // namespace dispytch::kafka
