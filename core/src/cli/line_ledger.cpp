#include "cli/line_ledger.hpp"

#include <cstdint>

namespace dispytch::cli {

std::optional<LineLedger::Ticket> LineLedger::out(std::uint64_t line) {
  std::unique_lock lock{mutex_};
  room_.wait(lock, [this] { return again_ || end_ - first_ < slots_.size(); });
  if (again_) return std::nullopt;
  slot(end_) = {.line = line, .done = false};
  return end_++;
}

void LineLedger::done(Ticket ticket) {
  const std::lock_guard lock{mutex_};
  slot(ticket).done = true;
  if (ticket != first_) return;
  const bool was_full = end_ - first_ == slots_.size();
  while (first_ != end_ && slot(first_).done) ++first_;
  if (was_full) room_.notify_one();
}

void LineLedger::again(Ticket) {
  const std::lock_guard lock{mutex_};
  again_ = true;
  room_.notify_one();
}

std::uint64_t LineLedger::line(Ticket ticket) const {
  const std::lock_guard lock{mutex_};
  return slot(ticket).line;
}

std::uint64_t LineLedger::first_not_done() const {
  const std::lock_guard lock{mutex_};
  return first_ == end_ ? 0 : slot(first_).line;
}

std::uint64_t LineLedger::done_behind() const {
  const std::lock_guard lock{mutex_};
  std::uint64_t count = 0;
  for (Ticket ticket = first_; ticket != end_; ++ticket) count += slot(ticket).done ? 1 : 0;
  return count;
}

}  // namespace dispytch::cli
