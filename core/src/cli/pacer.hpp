// A steady rate of things to do.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace dispytch::cli {

/// "100/s", "20/m" or "20/min", "5/h", as so many a second. Throws UsageError.
double parse_rate(const std::string& text);

/// One thread.
class Pacer {
 public:
  /// 0: no bound.
  explicit Pacer(double per_second)
      : interval_{per_second > 0 ? std::chrono::duration<double>{1 / per_second} : std::chrono::duration<double>{}} {}

  /// Waits until the next is due. False: it was asked to stop before that.
  bool wait(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  const std::chrono::duration<double> interval_;
  Clock::time_point due_ = Clock::now();
};

}  // namespace dispytch::cli
