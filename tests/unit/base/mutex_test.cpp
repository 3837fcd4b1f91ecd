#include "base/mutex.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <thread>

#include <gtest/gtest.h>

namespace dispytch {
namespace {

bool is_free(Mutex& mutex) {
  bool free = false;
  std::jthread{[&] {
    if (!mutex.try_lock()) return;
    free = true;
    mutex.unlock();
  }}.join();
  return free;
}

TEST(Mutex, CostsNoMoreThanTheStandardOne) {
  EXPECT_EQ(sizeof(Mutex), sizeof(std::mutex));
  EXPECT_EQ(sizeof(SharedMutex), sizeof(std::shared_mutex));
  EXPECT_EQ(sizeof(Condition), sizeof(std::condition_variable));
}

TEST(Lock, HoldsTheMutexAsLongAsItLives) {
  Mutex mutex;
  {
    const Lock lock{mutex};
    EXPECT_FALSE(is_free(mutex));
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(UniqueLock, GivesTheMutexUpOnce) {
  Mutex mutex;
  {
    UniqueLock lock{mutex};
    EXPECT_FALSE(is_free(mutex));
    lock.unlock();
    EXPECT_TRUE(is_free(mutex));
    lock.lock();
    EXPECT_FALSE(is_free(mutex));
    lock.unlock();
  }
  EXPECT_TRUE(is_free(mutex)) << "one that was given up is not given up again";
}

TEST(Condition, HoldsTheMutexAgainAfterAWait) {
  Mutex mutex;
  Condition changed;
  bool ready = false;
  std::jthread other{[&] {
    const Lock lock{mutex};
    ready = true;
    changed.notify_one();
  }};
  {
    const Lock lock{mutex};
    while (!ready) changed.wait(mutex);
    EXPECT_FALSE(is_free(mutex));
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(Condition, SaysThatTheTimeIsOver) {
  Mutex mutex;
  Condition changed;
  const Lock lock{mutex};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{1};
  while (changed.wait_until(mutex, deadline)) {}
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(changed.wait_for(mutex, std::chrono::milliseconds{0}));
  EXPECT_FALSE(is_free(mutex));
}

TEST(StoppableCondition, EndsAWaitWhenAStopIsRequested) {
  Mutex mutex;
  StoppableCondition changed;
  std::stop_source source;
  std::jthread other{[&] {
    const Lock lock{mutex};  // had once the wait has given it up
    source.request_stop();
  }};
  const Lock lock{mutex};
  while (!source.stop_requested()) changed.wait(mutex, source.get_token());
  changed.wait(mutex, source.get_token());  // returns at once from now on
  changed.wait_until(mutex, source.get_token(), std::chrono::steady_clock::now() + std::chrono::hours{1});
  EXPECT_FALSE(is_free(mutex));
}

TEST(StoppableCondition, EndsAWaitWhenItIsNotified) {
  Mutex mutex;
  StoppableCondition changed;
  bool ready = false;
  std::jthread other{[&] {
    const Lock lock{mutex};
    ready = true;
    changed.notify_all();
  }};
  const Lock lock{mutex};
  while (!ready) changed.wait(mutex, std::stop_token{});
}

TEST(StoppableCondition, EndsAWaitAtItsDeadline) {
  Mutex mutex;
  StoppableCondition changed;
  const Lock lock{mutex};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{1};
  while (std::chrono::steady_clock::now() < deadline) changed.wait_until(mutex, std::stop_token{}, deadline);
  EXPECT_FALSE(is_free(mutex));
}

TEST(SharedMutex, LetsReadersInTogether) {
  SharedMutex mutex;
  const ReaderLock here{mutex};
  std::jthread{[&] { const ReaderLock there{mutex}; }}.join();
}

}  // namespace
}  // namespace dispytch
