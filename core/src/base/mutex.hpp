// The mutex of core: that of the plugin headers, whose rules clang checks; one for readers and a writer; and a condition that ends with a
// stop_token.
#pragma once

#include <chrono>
#include <condition_variable>
#include <shared_mutex>
#include <stop_token>
#include <utility>

#include <dispytch/plugin/mutex.hpp>

namespace dispytch {

using plugin::Condition;
using plugin::Lock;
using plugin::Mutex;
using plugin::UniqueLock;

/// A std::shared_mutex.
class DISPYTCH_CAPABILITY("shared mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void lock() DISPYTCH_ACQUIRES() { mutex_.lock(); }
  void unlock() DISPYTCH_RELEASES() { mutex_.unlock(); }
  void lock_shared() DISPYTCH_ACQUIRES_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() DISPYTCH_RELEASES_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

/// Holds a shared mutex for writing for as long as it lives: nobody else holds it.
class DISPYTCH_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) DISPYTCH_ACQUIRES(mutex) : mutex_{mutex} { mutex_.lock(); }
  ~WriterLock() DISPYTCH_RELEASES() { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

/// Holds a shared mutex for reading for as long as it lives: others may read beside it.
class DISPYTCH_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) DISPYTCH_ACQUIRES_SHARED(mutex) : mutex_{mutex} { mutex_.lock_shared(); }
  ~ReaderLock() DISPYTCH_RELEASES_ANY() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

/// A std::condition_variable_any for waits that a request to stop ends. A wait gives the mutex up and holds it again when it returns, which
/// it may do without a reason: ask in a loop, `while (queue_.empty() && !stop.stop_requested()) changed_.wait(mutex_, stop);`.
class StoppableCondition {
  // The standard library waits for a stop_token only where it may ask a predicate. This one is false once and true from then on.
  struct AfterOneWait {
    bool waited = false;
    bool operator()() noexcept { return std::exchange(waited, true); }
  };

 public:
  StoppableCondition() = default;
  StoppableCondition(const StoppableCondition&) = delete;
  StoppableCondition& operator=(const StoppableCondition&) = delete;

  /// Blocks until it is notified or a stop is requested. Returns at once where one was.
  void wait(Mutex& mutex, const std::stop_token& stop) DISPYTCH_REQUIRES(mutex) { condition_.wait(mutex, stop, AfterOneWait{}); }
  /// As wait(), but until `deadline` at the latest.
  template <class Clock, class Duration>
  void wait_until(Mutex& mutex, const std::stop_token& stop, const std::chrono::time_point<Clock, Duration>& deadline)
      DISPYTCH_REQUIRES(mutex) {
    condition_.wait_until(mutex, stop, deadline, AfterOneWait{});
  }

  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace dispytch
