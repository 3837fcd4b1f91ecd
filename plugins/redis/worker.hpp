// The thread that owns the connections of a producer or a consumer.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "connection.hpp"

namespace dispytch::redis {

/// Waits for the connections and for wake(), and calls `step` after each. All that the connections call back runs on this thread.
class Worker {
 public:
  using Time = Connection::Time;

  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Starts the thread, once. `step` does what there is to do and returns when it wants to be called at the latest. The thread blocks all
  /// signals.
  void start(std::vector<Connection*> connections, std::function<Time(Time now)> step);
  /// Any thread; never blocks.
  void wake() noexcept;
  /// Ends the thread and waits for it. Its connections are closed then.
  void stop();

 private:
  void run(const std::stop_token& stop);

  int bell_ = -1;  // an eventfd
  std::vector<Connection*> connections_ = {};
  std::function<Time(Time)> step_ = {};
  std::jthread thread_ = {};
};

}  // namespace dispytch::redis
