// Wakes a thread: set() from anywhere, also from under a client library's locks; wait() clears it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace dispytch {

/// An auto-reset event. set() never blocks for longer than another set() or the end of a wait() takes; setting a set signal is one atomic
/// read.
class Signal {
 public:
  void set() noexcept {
    if (set_.load(std::memory_order_acquire)) return;
    {
      const std::lock_guard lock{mutex_};
      set_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }

  /// Waits until it is set, at most for `timeout`, and clears it. Returns whether it was set.
  bool wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    const bool was_set = changed_.wait_for(lock, timeout, [this] { return set_.load(std::memory_order_relaxed); });
    set_.store(false, std::memory_order_relaxed);
    return was_set;
  }

 private:
  std::mutex mutex_;  // guards the change of set_ against a wait about to begin
  std::condition_variable changed_;
  std::atomic<bool> set_{false};
};

}  // namespace dispytch
