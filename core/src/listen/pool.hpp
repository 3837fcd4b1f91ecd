// Worker threads for a listener's handlers.
#pragma once

#include <cstddef>
#include <deque>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "listen/executor.hpp"

namespace dispytch::listen {

/// `threads` workers, each with a decoder of its own. submit(): the owner of the listener's state.
class Pool final : public Executor {
 public:
  explicit Pool(std::size_t threads);
  /// Waits for the work units that have begun.
  ~Pool() override;

  std::size_t workers() const noexcept override { return workers_.size(); }
  void submit(WorkUnit& unit) override;

 private:
  void work(const std::stop_token& stop);

  Mutex mutex_;
  StoppableCondition changed_;
  std::deque<WorkUnit*> units_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<std::jthread> workers_;
};

}  // namespace dispytch::listen
