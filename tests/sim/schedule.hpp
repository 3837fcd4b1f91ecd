// One schedule: a seed, and all that happens by it.
#pragma once

#include <cstdint>

#include "sim/facts.hpp"

namespace dispytch::sim {

/// Runs on one thread, takes about a millisecond, and gives the same result each time.
Verdict run_schedule(std::uint64_t seed);

}  // namespace dispytch::sim
