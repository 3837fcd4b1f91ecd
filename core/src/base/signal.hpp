// Wakes a thread: set() from anywhere, also from under a client library's locks; wait() clears it.
#pragma once

#include <atomic>
#include <chrono>

#include "base/mutex.hpp"

namespace dispytch {

/// An auto-reset event. set() never blocks for longer than another set() or the end of a wait() takes; setting a set signal is one atomic
/// read.
class Signal {
 public:
  void set() noexcept {
    if (set_.load(std::memory_order_acquire)) return;
    {
      const Lock lock{mutex_};
      set_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }

  /// Waits until it is set, at most for `timeout`, and clears it. Returns whether it was set.
  bool wait(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const Lock lock{mutex_};
    while (!set_.load(std::memory_order_relaxed) && changed_.wait_until(mutex_, deadline)) {}
    return set_.exchange(false, std::memory_order_relaxed);
  }

 private:
  Mutex mutex_;  // held while set_ is set, so that a wait that is about to begin sees it; set_ itself is read without it
  Condition changed_;
  std::atomic<bool> set_{false};
};

}  // namespace dispytch
