#include "policy/gate.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::policy {
namespace {

using std::chrono::nanoseconds;

// How soon to ask again while somebody else probes.
constexpr nanoseconds kAskAgain = std::chrono::milliseconds{50};

nanoseconds interval(const Policy& policy) {
  constexpr double kLongest = 3600e9;
  return policy.per_second > 0 ? nanoseconds{static_cast<std::int64_t>(std::min(kLongest, 1e9 / policy.per_second))} : nanoseconds{0};
}

// What a burst may be ahead of its rate. Bounded, so that a time and it are a time: a century is as good as no limit.
nanoseconds tolerance(nanoseconds between, std::uint32_t burst) {
  constexpr double kLongest = 3.2e18;
  return nanoseconds{static_cast<std::int64_t>(std::min(kLongest, static_cast<double>(between.count()) * (burst - 1.0)))};
}

}  // namespace

Gate::Gate(const Policy& policy) noexcept
    : failures_{policy.breaker_failures},
      pause_{policy.breaker_pause},
      interval_{interval(policy)},
      tolerance_{tolerance(interval_, policy.burst)} {}

nanoseconds Gate::admit(nanoseconds now) {
  const Lock lock{mutex_};
  if (open_) {
    if (now < open_until_) return open_until_ - now;
    if (probing_) return kAskAgain;
  }
  if (interval_ > nanoseconds{0}) {
    full_at_ = std::max(full_at_, now);
    if (full_at_ - now > tolerance_) return full_at_ - now - tolerance_;
    full_at_ += interval_;
  }
  if (open_) probing_ = true;
  return nanoseconds{0};
}

bool Gate::succeeded() {
  const Lock lock{mutex_};
  in_a_row_ = 0;
  probing_ = false;
  return std::exchange(open_, false);
}

Gate::Breaker Gate::failed(nanoseconds now, std::string_view cause) {
  if (failures_ == 0) return Breaker::closed;
  const Lock lock{mutex_};
  in_a_row_ = cause == cause_ ? in_a_row_ + 1 : 1;
  cause_ = cause;
  if (!open_ && in_a_row_ < failures_) return Breaker::closed;
  probing_ = false;
  open_until_ = now + pause_;
  return std::exchange(open_, true) ? Breaker::open : Breaker::opens;
}

void Gate::withdrew() {
  const Lock lock{mutex_};
  probing_ = false;
}

bool Gate::open() const {
  const Lock lock{mutex_};
  return open_;
}

}  // namespace dispytch::policy
