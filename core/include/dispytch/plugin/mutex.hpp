// A mutex whose rules clang checks while it compiles (-Wthread-safety): which members it guards, which functions want it held. What the
// standard library offers carries no such annotations, so these classes wrap it; they add nothing to its size or its cost. Other compilers
// see no annotation. Waits are written as loops, because the analysis does not look into a predicate.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define DISPYTCH_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define DISPYTCH_THREAD_SAFETY(attribute)
#endif

// Marks a class as something that a thread holds and gives up, or as an object that holds one for as long as it lives.
#define DISPYTCH_CAPABILITY(name) DISPYTCH_THREAD_SAFETY(capability(name))
#define DISPYTCH_SCOPED_CAPABILITY DISPYTCH_THREAD_SAFETY(scoped_lockable)
// Marks a member: a thread must hold the mutex to read or write the member, or the object that it points to.
#define DISPYTCH_GUARDED_BY(mutex) DISPYTCH_THREAD_SAFETY(guarded_by(mutex))
#define DISPYTCH_POINTER_GUARDED_BY(mutex) DISPYTCH_THREAD_SAFETY(pt_guarded_by(mutex))
// Marks a function whose caller must hold the mutex; must hold it at least for reading; must not hold it.
#define DISPYTCH_REQUIRES(...) DISPYTCH_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define DISPYTCH_REQUIRES_SHARED(...) DISPYTCH_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
#define DISPYTCH_EXCLUDES(...) DISPYTCH_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
// Marks a function that takes the mutex, or that gives it up.
#define DISPYTCH_ACQUIRES(...) DISPYTCH_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define DISPYTCH_ACQUIRES_SHARED(...) DISPYTCH_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define DISPYTCH_RELEASES(...) DISPYTCH_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define DISPYTCH_RELEASES_SHARED(...) DISPYTCH_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))
#define DISPYTCH_RELEASES_ANY(...) DISPYTCH_THREAD_SAFETY(release_generic_capability(__VA_ARGS__))
#define DISPYTCH_TRIES_TO_ACQUIRE(...) DISPYTCH_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
// Marks a function after whose call the analysis takes the mutex for held.
#define DISPYTCH_ASSERTS_HELD(...) DISPYTCH_THREAD_SAFETY(assert_capability(__VA_ARGS__))

namespace dispytch::plugin {

/// A std::mutex. A member that it guards says so: `int count_ DISPYTCH_GUARDED_BY(mutex_) = 0;`.
class DISPYTCH_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() DISPYTCH_ACQUIRES() { mutex_.lock(); }
  void unlock() DISPYTCH_RELEASES() { mutex_.unlock(); }
  bool try_lock() DISPYTCH_TRIES_TO_ACQUIRE(true) { return mutex_.try_lock(); }

  /// Does nothing when it runs. Tells the analysis that the caller of the surrounding function holds the mutex, where an annotation cannot:
  /// in a callback, and in a function that overrides one of a class that knows no mutex.
  void assert_held() const noexcept DISPYTCH_ASSERTS_HELD() {}

 private:
  friend class Condition;
  std::mutex mutex_;
};

/// Holds a mutex for as long as it lives.
class DISPYTCH_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) DISPYTCH_ACQUIRES(mutex) : mutex_{mutex} { mutex_.lock(); }
  ~Lock() DISPYTCH_RELEASES() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// A Lock that may be given up before its end, and taken again.
class DISPYTCH_SCOPED_CAPABILITY UniqueLock {
 public:
  explicit UniqueLock(Mutex& mutex) DISPYTCH_ACQUIRES(mutex) : mutex_{mutex} { mutex_.lock(); }
  ~UniqueLock() DISPYTCH_RELEASES() {
    if (held_) mutex_.unlock();
  }
  UniqueLock(const UniqueLock&) = delete;
  UniqueLock& operator=(const UniqueLock&) = delete;

  /// Gives the mutex up, which this lock holds.
  void unlock() DISPYTCH_RELEASES() {
    mutex_.unlock();
    held_ = false;
  }
  /// Takes the mutex again, which this lock has given up. Blocks until no other thread holds it.
  void lock() DISPYTCH_ACQUIRES() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// A std::condition_variable. A wait gives the mutex up and holds it again when it returns, which it may do without a reason: ask in a
/// loop, `while (queue_.empty()) changed_.wait(mutex_);`.
class Condition {
 public:
  Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  /// Blocks until it is notified.
  void wait(Mutex& mutex) DISPYTCH_REQUIRES(mutex) {
    std::unique_lock lock{mutex.mutex_, std::adopt_lock};
    condition_.wait(lock);
    lock.release();
  }
  /// Blocks until it is notified, or until `deadline`. Returns false at the deadline.
  template <class Clock, class Duration>
  bool wait_until(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& deadline) DISPYTCH_REQUIRES(mutex) {
    std::unique_lock lock{mutex.mutex_, std::adopt_lock};
    const std::cv_status how = condition_.wait_until(lock, deadline);
    lock.release();
    return how == std::cv_status::no_timeout;
  }
  /// Blocks until it is notified, or for `timeout`. Returns false once the time is over. Where a loop must end, wait_until() ends it.
  template <class Rep, class Period>
  bool wait_for(Mutex& mutex, const std::chrono::duration<Rep, Period>& timeout) DISPYTCH_REQUIRES(mutex) {
    return wait_until(mutex, std::chrono::steady_clock::now() + timeout);
  }

  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace dispytch::plugin
