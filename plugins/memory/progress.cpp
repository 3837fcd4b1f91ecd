#include "progress.hpp"

#include <algorithm>
#include <cstdint>

namespace dispytch::memory {

std::int64_t Progress::find(std::uint32_t offset, Out delivered) const noexcept {
  // The window is far shorter than 2^32 messages, so the low bits alone tell the place; what lies before base wraps to a huge one.
  const std::int64_t place = std::uint32_t{offset - static_cast<std::uint32_t>(base_)};
  if (place >= size()) return -1;
  const Entry& entry = window_[static_cast<std::size_t>(place)];
  return entry.out == delivered && !entry.settled ? place : -1;
}

void Progress::commit() noexcept {
  while (!window_.empty() && window_.front().settled) {
    window_.pop_front();
    ++base_;
  }
  if (position_ < base_) position_ = base_;
  committed_ = base_;
}

bool Progress::ack(std::uint32_t offset, Out delivered) noexcept {
  const std::int64_t place = find(offset, delivered);
  if (place < 0) return false;
  window_[static_cast<std::size_t>(place)].settled = true;
  commit();
  return true;
}

bool Progress::ack_up_to(std::uint32_t offset, Out delivered) noexcept {
  const std::int64_t place = find(offset, delivered);
  if (place < 0) return false;
  window_.erase(window_.begin(), window_.begin() + place + 1);
  base_ += place + 1;
  std::erase_if(delayed_, [this](const auto& delayed) { return delayed.second < base_; });
  commit();
  return true;
}

Progress::Counts Progress::count_delivery(Entry& delivered, Out out) noexcept {
  delivered.out = out;
  return {.deliveries = ++delivered.deliveries,
          .attempts = delivered.says_attempts ? std::optional{delivered.attempts} : std::nullopt,
          .begun = delivered.begun};
}

Progress::Counts Progress::deliver_first_delayed() noexcept {
  Entry& delivered = entry(first_delayed());
  delayed_.erase(delayed_.begin());
  delivered.delayed = false;
  return count_delivery(delivered, Out::after_a_delay);
}

void Progress::begin(std::uint32_t offset, Out delivered, bool on) noexcept {
  const std::int64_t place = find(offset, delivered);
  if (place < 0) return;
  std::uint16_t& begun = window_[static_cast<std::size_t>(place)].begun;
  if (on && begun < UINT16_MAX) ++begun;
  if (!on && begun > 0) --begun;
}

bool Progress::requeue(std::uint32_t offset, std::chrono::nanoseconds due, Out delivered, std::optional<std::uint32_t> attempts) {
  const std::int64_t place = find(offset, delivered);
  if (place < 0) return false;
  delayed_.emplace(due, base_ + place);
  Entry& requeued = window_[static_cast<std::size_t>(place)];
  requeued.delayed = true;
  requeued.out = Out::no;
  requeued.begun = 0;
  if (attempts) {
    requeued.attempts = static_cast<std::uint16_t>(std::min<std::uint32_t>(*attempts, UINT16_MAX));
    requeued.says_attempts = true;
    requeued.deliveries = 0;
  }
  return true;
}

void Progress::deleted_before(std::int64_t offset) noexcept {
  if (offset > base_) {
    window_.erase(window_.begin(), window_.begin() + std::min(size(), offset - base_));
    base_ = offset;
    if (position_ < base_) position_ = base_;
    std::erase_if(delayed_, [this](const auto& delayed) { return delayed.second < base_; });
  }
  if (committed_ < offset) committed_ = offset;
}

std::int64_t Progress::unsettled_before(std::int64_t end) const noexcept {
  return end - base_ - std::count_if(window_.begin(), window_.end(), [](const Entry& entry) { return entry.settled; });
}

void Progress::rewind() noexcept {
  if (base_ != committed_) {  // after a seek that no settlement followed
    window_.clear();
    delayed_.clear();
    base_ = committed_;
  }
  for (Entry& entry : window_) entry.out = Out::no;
  position_ = base_;
}

void Progress::seek(std::int64_t offset) noexcept {
  window_.clear();
  delayed_.clear();
  base_ = position_ = offset;
}

void Progress::move(std::int64_t offset) noexcept {
  seek(offset);
  committed_ = offset;
}

Progress::Standing Progress::standing() const noexcept {
  Standing standing{.first_unsettled = base_};
  bool found = false;
  for (std::int64_t place = 0; place < size(); ++place) {
    const Entry& entry = window_[static_cast<std::size_t>(place)];
    if (entry.settled) ++standing.settled;
    if (!entry.settled && entry.out != Out::no) ++standing.in_hand;
    if (!entry.settled && !found) standing.first_unsettled = base_ + place, found = true;
  }
  if (!found) standing.first_unsettled = base_ + size();
  return standing;
}

}  // namespace dispytch::memory
