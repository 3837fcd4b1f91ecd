// Wakes the polling thread, and a host that doesn't wait in poll.
#pragma once

#include <chrono>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/mutex.hpp>

namespace dispytch::kafka {

/// A flag to wait for. set() is remembered until a wait has seen it.
class Signal {
 public:
  explicit Signal(plugin::Notify notify) noexcept : notify_{notify} {}

  /// Any thread, also under librdkafka's locks.
  void set() {
    {
      const plugin::Lock lock{mutex_};
      set_ = true;
    }
    changed_.notify_one();
    notify_();
  }

  /// One thread. Returns when set, or at the deadline.
  void wait_until(std::chrono::steady_clock::time_point deadline) {
    const plugin::Lock lock{mutex_};
    while (!set_ && changed_.wait_until(mutex_, deadline)) {}
    set_ = false;
  }

 private:
  const plugin::Notify notify_;
  plugin::Mutex mutex_;
  plugin::Condition changed_;
  bool set_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::kafka
