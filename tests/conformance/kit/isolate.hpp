// A rule in a process of its own: a plugin that crashes or hangs fails that rule, and no other.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "kit/run.hpp"

namespace dispytch::conformance {

/// A judge at work in a child process. Begin one while this process has one thread.
class Child {
 public:
  Child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Readable when there is more to take(); -1 where the child could not be begun.
  int descriptor() const noexcept { return in_; }
  std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
  /// Reads what there is, without waiting. Whether finish() won't wait: the verdict is complete, or the time is over.
  bool take();
  /// The verdict. A child that died by a signal, exited, or gave none in time, when it is killed, has failed. Call it once, at the end.
  Verdict finish();

 private:
  const std::chrono::milliseconds timeout_;
  const std::chrono::steady_clock::time_point deadline_;
  int in_ = -1;
  int child_ = -1;
  std::string text_ = {};  // of the child, or why there is none
  bool ended_ = false;
};

/// Begins a child and waits for its verdict.
Verdict try_in_child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout);

}  // namespace dispytch::conformance
