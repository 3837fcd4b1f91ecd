// What lets calls of one handler pass: its rate limit and its circuit breaker.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "policy/policy.hpp"

namespace dispytch::policy {

/// One for each handler that has a rate or a breaker. Any thread; holds its lock for a few instructions.
///
/// The breaker: closed; open for `breaker_pause` after `breaker_failures` failures in a row of one exception type; then one call probes,
/// and its end closes it or opens it again. The rate: a token bucket of `burst` tokens (GCRA: the time at which it would be full again).
class Gate {
 public:
  explicit Gate(const Policy& policy) noexcept;
  static bool wanted(const Policy& policy) noexcept { return policy.breaker_failures > 0 || policy.per_second > 0; }

  /// What a failure finds the breaker in, or brings about.
  enum class Breaker : std::uint8_t {
    closed,
    opens,
    open,  ///< it was before: the failure, of a probe or of a call that had begun, uses up no attempt
  };

  /// 0: call it, and say later how that went. Else: not before so long from now.
  std::chrono::nanoseconds admit(std::chrono::nanoseconds now);
  /// Whether that closes the breaker.
  bool succeeded();
  Breaker failed(std::chrono::nanoseconds now, std::string_view cause);
  /// The call was admitted, but neither worked nor failed.
  void withdrew();

  bool open() const;

 private:
  const std::uint32_t failures_;
  const std::chrono::nanoseconds pause_;
  const std::chrono::nanoseconds interval_;  // between calls; 0: no limit
  const std::chrono::nanoseconds tolerance_;

  mutable Mutex mutex_;
  std::string cause_ DISPYTCH_GUARDED_BY(mutex_);
  std::uint32_t in_a_row_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  bool open_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool probing_ DISPYTCH_GUARDED_BY(mutex_) = false;
  std::chrono::nanoseconds open_until_ DISPYTCH_GUARDED_BY(mutex_){};
  std::chrono::nanoseconds full_at_ DISPYTCH_GUARDED_BY(mutex_){};
};

}  // namespace dispytch::policy
