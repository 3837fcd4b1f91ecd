// The threads of an application: listeners and tasks, why they ended, and when the whole is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <dispytch/result.hpp>

#include "base/mutex.hpp"

namespace dispytch::app {

/// Runs named bodies on threads of their own until each has returned. start() and the waits: the thread that made it.
class Supervisor {
 public:
  using Body = std::function<Result<void>(std::stop_token stop)>;
  enum class Kind : std::uint8_t { listener, task };

  /// Joins what is left; every body must have been asked to stop by then.
  ~Supervisor();

  /// Runs `body` on a new thread. The first error of any, or an exception, asks all to stop.
  void start(Kind kind, std::string name, Body body);

  /// Asks every body to stop. [any]
  void request_stop() noexcept;

  /// Waits until a stop was asked for, or all tasks have returned and there is no listener, or `over` says so (asked every 20 ms).
  void wait(const std::stop_token& stop, const std::function<bool()>& over);

  /// Waits until every body has returned; false: some still run at the end of `timeout`.
  bool join(std::chrono::milliseconds timeout);

  bool tasks_running() const;
  /// What failed first, named.
  std::optional<Error> failure() const;
  /// "listener board, task 1", of those that still run.
  std::string still_running() const;

 private:
  struct Entry {
    Kind kind;
    std::string name;
    bool running = true;
    std::thread thread = {};
  };

  std::size_t count_running(std::optional<Kind> kind) const DISPYTCH_REQUIRES(mutex_);
  void ended(std::size_t index, std::optional<Error> error);

  std::vector<std::thread> take_threads();

  mutable Mutex mutex_;
  Condition changed_;
  std::vector<Entry> entries_ DISPYTCH_GUARDED_BY(mutex_);
  std::optional<Error> failure_ DISPYTCH_GUARDED_BY(mutex_);
  std::stop_source stop_;
};

}  // namespace dispytch::app
