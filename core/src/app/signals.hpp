// SIGINT and SIGTERM as requests to stop.
#pragma once

#include <stop_token>
#include <thread>

namespace dispytch::app {

/// Blocks SIGINT and SIGTERM in the calling thread, and in those it starts from then on, and waits for them on a thread of its own: the
/// first asks to stop, the second ends the process at once with ExitCode::failed. Made by main before any other thread is.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const noexcept { return source_.get_token(); }

 private:
  void watch();

  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace dispytch::app
