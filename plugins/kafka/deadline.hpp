// Time that is left, and as librdkafka takes it.
#pragma once

#include <algorithm>
#include <chrono>

namespace dispytch::kafka {

/// Returns the time that is left until then, at least 0.
inline std::chrono::milliseconds until(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()));
}

/// Returns a time-out as librdkafka takes it, at most `most`.
inline int for_librdkafka(std::chrono::milliseconds timeout, std::chrono::milliseconds most) {
  return static_cast<int>(std::min(timeout, most).count());
}

}  // namespace dispytch::kafka
