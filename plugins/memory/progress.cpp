#include "progress.hpp"

namespace dispytch::memory {

std::int64_t Progress::find(std::uint32_t offset) const noexcept {
  // The window is far shorter than 2^32 messages, so the low bits alone tell the place; what lies before base wraps to a huge one.
  const std::int64_t place = std::uint32_t{offset - static_cast<std::uint32_t>(base_)};
  if (place >= position_ - base_ || window_[static_cast<std::size_t>(place)].settled) return -1;
  return place;
}

void Progress::commit() noexcept {
  while (!window_.empty() && window_.front().settled) {
    window_.pop_front();
    ++base_;
  }
  if (position_ < base_) position_ = base_;
  committed_ = base_;
}

bool Progress::ack(std::uint32_t offset) noexcept {
  const std::int64_t place = find(offset);
  if (place < 0) return false;
  window_[static_cast<std::size_t>(place)].settled = true;
  commit();
  return true;
}

bool Progress::ack_up_to(std::uint32_t offset) noexcept {
  const std::int64_t place = find(offset);
  if (place < 0) return false;
  window_.erase(window_.begin(), window_.begin() + place + 1);
  base_ += place + 1;
  commit();
  return true;
}

void Progress::rewind() noexcept {
  if (base_ != committed_) {  // after a seek that no settlement followed
    window_.clear();
    base_ = committed_;
  }
  position_ = base_;
}

void Progress::seek(std::int64_t offset) noexcept {
  window_.clear();
  base_ = position_ = offset;
}

}  // namespace dispytch::memory
