// Wakes the polling thread, and a host that doesn't wait in poll.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <dispytch/plugin/host.hpp>

namespace dispytch::kafka {

/// A flag to wait for. set() is remembered until a wait has seen it.
class Signal {
 public:
  explicit Signal(plugin::Notify notify) noexcept : notify_{notify} {}

  /// Any thread, also under librdkafka's locks.
  void set() {
    {
      const std::lock_guard lock{mutex_};
      set_ = true;
    }
    changed_.notify_one();
    notify_();
  }

  /// One thread. Returns when set, or at the deadline.
  void wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock{mutex_};
    changed_.wait_until(lock, deadline, [&] { return set_; });
    set_ = false;
  }

 private:
  const plugin::Notify notify_;
  std::mutex mutex_;  // guards set_
  std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace dispytch::kafka
