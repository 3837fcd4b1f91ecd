// The one source of chance of a schedule: a seed, and everything follows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.hpp"

namespace dispytch::sim {

/// SplitMix64 (Steele, Lea and Flood 2014): 2 ns a number, and seeds that differ by one give unrelated rows.
class Dice final : public Random {
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_{seed} {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// From 0 up to and without `n`; 0 where n is 0.
  std::size_t below(std::size_t n) noexcept { return n == 0 ? 0 : static_cast<std::size_t>(next() % n); }
  std::size_t between(std::size_t least, std::size_t most) noexcept { return least + below(most - least + 1); }
  bool percent(unsigned of_hundred) noexcept { return next() % 100 < of_hundred; }
  double uniform() noexcept override { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace dispytch::sim
