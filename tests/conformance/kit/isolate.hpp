// A rule in a process of its own: a plugin that crashes or hangs fails that rule, and no other.
#pragma once

#include <chrono>
#include <functional>

#include "kit/run.hpp"

namespace dispytch::conformance {

/// Forks, lets the child judge, and returns its verdict; a child that dies by a signal, exits, or gives none in time has failed. Call it
/// while the process has one thread.
Verdict try_in_child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout);

}  // namespace dispytch::conformance
