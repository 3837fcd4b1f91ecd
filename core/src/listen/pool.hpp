// Worker threads for a listener's handlers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

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

  std::mutex mutex_;  // guards units_
  std::condition_variable_any changed_;
  std::deque<WorkUnit*> units_;
  std::vector<std::jthread> workers_;
};

}  // namespace dispytch::listen
