// SIGINT and SIGTERM as requests to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <dispytch/result.hpp>

namespace dispytch::app {

/// Blocks SIGINT and SIGTERM in the calling thread, and in those it starts from then on, and waits for them on a thread of its own: the
/// first asks to stop; a second one, a second or more after it, ends the process at once with ExitCode::failed. What comes sooner is the
/// same request: some senders signal a process and its group. Made by main before any other thread is.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const noexcept { return source_.get_token(); }

  /// While one lives nothing is in hand: a signal, an earlier one too, ends the process within kPatience, though it waits for a broker that
  /// doesn't answer. One at a time. Declared before what may wait in its destructor.
  class PromptEnd {
   public:
    static constexpr std::chrono::milliseconds kPatience{1'500};

    /// `exit_code`: of a process that had to be ended.
    PromptEnd(Signals& signals, int exit_code);
    ~PromptEnd();
    PromptEnd(const PromptEnd&) = delete;
    PromptEnd& operator=(const PromptEnd&) = delete;

    void set_exit_code(int exit_code) noexcept;

   private:
    Signals& signals_;
  };

  /// Calls what opens brokers, and returns what that returns. Throws Exception (ErrorCode::closed, "interrupted ...") where a signal came
  /// meanwhile, whether it failed or not.
  template <class Open>
  auto start(Open&& open) {
    try {
      auto opened = std::forward<Open>(open)();
      throw_if_interrupted();
      return opened;
    } catch (const Exception&) {
      throw_if_interrupted();
      throw;
    }
  }
  /// Throws Exception (ErrorCode::closed) where a signal came.
  void throw_if_interrupted() const;

 private:
  using Clock = std::chrono::steady_clock;
  void watch();
  void received(int number);
  void end_if_due();
  /// Returns how long to wait for the next signal; nullopt: for ever.
  std::optional<Clock::duration> left() const;
  void wake();

  std::stop_source source_;
  std::atomic<bool> closing_{false};
  mutable std::mutex mutex_;                            // guards what follows
  std::optional<Clock::time_point> asked_ = {};         // when the first signal came
  std::optional<Clock::time_point> prompt_since_ = {};  // a PromptEnd lives
  int exit_code_ = 0;                                   // its
  std::thread watcher_;
};

}  // namespace dispytch::app
