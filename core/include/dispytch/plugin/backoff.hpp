// How long to wait before a connection is tried again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace dispytch::plugin {

/// The pauses between attempts: each up to twice as long as the one before, up to a longest. A pause is chosen at random from the upper
/// half of its range, so that clients which lost one server together don't come back together. One thread at a time.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  /// `first` and `longest` bound the pauses; `seed` makes them repeatable in a test.
  Backoff(Duration first, Duration longest, std::uint64_t seed = std::random_device{}())
      : first_{std::max(first, Duration{1})}, longest_{std::max(longest, first_)}, range_{first_}, random_{seed} {}

  /// Returns the next pause. It lies between half the range and the range, which doubles then.
  Duration next() {
    std::uniform_int_distribution<Duration::rep> within{(range_.count() + 1) / 2, range_.count()};
    const Duration pause{within(random_)};
    range_ = std::min(longest_, range_ * 2);
    return pause;
  }

  /// Begins with the first pause again: an attempt has succeeded.
  void reset() noexcept { range_ = first_; }

 private:
  Duration first_, longest_, range_;
  std::minstd_rand random_;
};

}  // namespace dispytch::plugin
