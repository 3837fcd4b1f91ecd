// What would fail every rule for one reason, found before any is tried.
#pragma once

#include <dispytch/plugin/abi.h>

#include "kit/options.hpp"
#include "kit/run.hpp"

namespace dispytch::conformance {

/// Fails with one sentence where a topic that the options name doesn't exist at the broker, or where the broker can't be reached. Whatever
/// else is wrong is for the rules to find. Call it in a child process.
Verdict look_before(const dispytch_plugin& plugin, const Options& options);

}  // namespace dispytch::conformance
