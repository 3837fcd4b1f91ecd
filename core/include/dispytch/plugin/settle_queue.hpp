// Settlements on their way to the broker: accepted at once, sent in batches, and waited for by sync.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <dispytch/plugin/mutex.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {

/// What the host has settled and the broker has not on record yet, in order. `settle` of a consumer pushes and never blocks; the one thread
/// that talks to the broker takes, and says when the oldest that it took are done with; `sync` waits for that. Over a broken connection
/// what was taken and not done with is taken again, in the same order: settling at the broker must bear to be repeated.
template <class Settlement>
class SettleQueue {
 public:
  /// Any thread; never blocks. After close() nothing is kept.
  void push(Settlement settlement) {
    const Lock lock{mutex_};
    if (closed_) return;
    queue_.push_back(std::move(settlement));
    ++pushed_;
  }

  /// Returns up to `most` of those that are not on their way, the oldest first. For the one thread that sends.
  std::vector<Settlement> take(std::size_t most) {
    const Lock lock{mutex_};
    const std::size_t count = std::min(most, queue_.size() - on_their_way_);
    const auto first = queue_.begin() + static_cast<std::ptrdiff_t>(on_their_way_);
    std::vector<Settlement> taken{first, first + static_cast<std::ptrdiff_t>(count)};
    on_their_way_ += count;
    return taken;
  }

  /// The broker has answered for the oldest `count` that were taken: they are on record, or refused for good. For the thread that sends.
  void done(std::size_t count) {
    const Lock lock{mutex_};
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    on_their_way_ -= count;
    done_ += count;
    changed_.notify_all();
  }

  /// The connection broke: all that was taken and is not done with is to be taken again. For the thread that sends.
  void take_again() {
    const Lock lock{mutex_};
    on_their_way_ = 0;
  }

  /// Waits until all that was pushed before the call is done with. Any thread. Timeout where the time is over first, or the queue is
  /// closed.
  Status sync(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const Lock lock{mutex_};
    const std::uint64_t wanted = pushed_;
    while (done_ < wanted && !closed_) {
      if (!changed_.wait_until(mutex_, deadline) && done_ < wanted) return Status::timeout();
    }
    return done_ >= wanted ? Status{} : Status::timeout();
  }

  /// How many are not done with. Any thread.
  std::size_t size() const {
    const Lock lock{mutex_};
    return queue_.size();
  }
  bool has_more() const {
    const Lock lock{mutex_};
    return queue_.size() > on_their_way_;
  }

  /// Ends every wait, and takes nothing more. Any thread.
  void close() {
    const Lock lock{mutex_};
    closed_ = true;
    changed_.notify_all();
  }

 private:
  mutable Mutex mutex_;
  Condition changed_;
  std::deque<Settlement> queue_ DISPYTCH_GUARDED_BY(mutex_) = {};  // not done with; the first on_their_way_ were taken
  std::size_t on_their_way_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  std::uint64_t pushed_ DISPYTCH_GUARDED_BY(mutex_) = 0, done_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // since the beginning
  bool closed_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::plugin
