// Wakes the polling thread, and a host that doesn't wait in poll.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/mutex.hpp>

namespace dispytch::sqlite {

/// A flag to wait for. set() is remembered until a wait has seen it.
class Signal {
 public:
  explicit Signal(plugin::Notify notify) noexcept : notify_{notify} {}

  /// Any thread. Something may have changed in the file, or for this consumer.
  void set() {
    {
      const plugin::Lock lock{mutex_};
      set_ = true;
    }
    changed_.notify_one();
    notify_();
  }
  /// Any thread. Ends a wait, or else the next.
  void wake() {
    {
      const plugin::Lock lock{mutex_};
      woken_ = true;
    }
    changed_.notify_one();
  }

  struct Seen {
    bool set = false, woken = false;
  };
  /// One thread. Returns what came, at once or by the deadline.
  Seen wait_until(std::chrono::steady_clock::time_point deadline) {
    const plugin::Lock lock{mutex_};
    while (!set_ && !woken_ && changed_.wait_until(mutex_, deadline)) {}
    return {std::exchange(set_, false), std::exchange(woken_, false)};
  }

 private:
  const plugin::Notify notify_;
  plugin::Mutex mutex_;
  plugin::Condition changed_;
  bool set_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool woken_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::sqlite
