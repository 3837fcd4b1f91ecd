// What other threads have to say to the owner of a listener's state: workers, emitters, Completions, the operator.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/mutex.hpp"

namespace dispytch::listen {

/// A queue of things to do. Bounded by what is unfinished: each message has one piece of news at a time.
class Inbox {
 public:
  using News = std::function<void()>;

  /// `wake` is called when the first news comes to an empty inbox; it must not block. Any thread.
  explicit Inbox(std::function<void()> wake) : wake_{std::move(wake)} {}

  /// Any thread, never blocks for long. false: it is closed, and nothing happens.
  bool post(News news) {
    const Lock lock{mutex_};
    if (closed_) return false;
    const bool first = news_.empty();
    news_.push_back(std::move(news));
    if (first) wake_();
    return true;
  }

  /// The owner: does what was posted, in order. Returns whether there was anything.
  bool run() {
    {
      const Lock lock{mutex_};
      if (news_.empty()) return false;
      running_.swap(news_);
    }
    for (News& news : running_) news();
    running_.clear();
    return true;
  }

  /// The owner, at its end: what comes later finds nobody.
  void close() {
    const Lock lock{mutex_};
    closed_ = true;
    news_.clear();
  }

 private:
  const std::function<void()> wake_;
  Mutex mutex_;  // held while wake_ is called, so that it isn't after close()
  std::vector<News> news_ DISPYTCH_GUARDED_BY(mutex_);
  bool closed_ DISPYTCH_GUARDED_BY(mutex_) = false;
  std::vector<News> running_;  // the owner's
};

}  // namespace dispytch::listen
