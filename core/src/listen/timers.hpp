// What is due when. An entry outlives its cause: whether it still means something is asked when its time has come.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace dispytch::listen {

/// A heap by time. `Entry` has a member `when`. One thread.
template <class Entry>
class Timers {
 public:
  void push(Entry entry) {
    heap_.push_back(std::move(entry));
    std::ranges::push_heap(heap_, std::greater{}, &Entry::when);
  }

  std::optional<std::chrono::nanoseconds> next() const noexcept { return heap_.empty() ? std::nullopt : std::optional{heap_.front().when}; }

  /// The entry that is due first, if it is due at `now`.
  std::optional<Entry> take_due(std::chrono::nanoseconds now) {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    std::ranges::pop_heap(heap_, std::greater{}, &Entry::when);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    return entry;
  }

  /// Forgets the entries that mean nothing any more, once there are more of them than of others: their number stays within twice `alive`,
  /// and a push costs what it did, on average.
  template <class IsAlive>
  void prune(std::size_t alive, IsAlive is_alive) {
    constexpr std::size_t kNotWorthIt = 256;
    if (heap_.size() <= 2 * alive + kNotWorthIt) return;
    std::erase_if(heap_, [&](const Entry& entry) { return !is_alive(entry); });
    std::ranges::make_heap(heap_, std::greater{}, &Entry::when);
  }

  std::size_t size() const noexcept { return heap_.size(); }

 private:
  std::vector<Entry> heap_;
};

}  // namespace dispytch::listen
