// Many rules at a time, each in a process of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "kit/options.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"

namespace dispytch::conformance {

struct Jobs {
  std::size_t count = 1;  ///< rules that run at the same time
  std::chrono::milliseconds timeout{100'000};
  /// In the rule's own process.
  std::function<Verdict(const Rule& rule, const Options& options)> judge = {};
  /// In this one: a rule has begun, or ended after so long. `index`: its place in the list.
  std::function<void(std::size_t index)> begun = {};
  std::function<void(std::size_t index, const Verdict& verdict, std::chrono::milliseconds took)> ended = {};
};

/// Tries the rules, each once; those that may have no other beside them come last, and so do, one at a time, those that break a network
/// whose addresses can't be chosen. A job's rules have the options of that job. Returns when all have ended. Call it while this process has
/// one thread.
void try_side_by_side(const std::vector<Rule>& rules, const Options& options, const Jobs& jobs);

}  // namespace dispytch::conformance
