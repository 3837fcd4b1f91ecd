// Tries rules on a plugin.
#pragma once

#include <cstdint>
#include <string>

#include "kit/options.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {

struct Verdict {
  enum class Kind : std::uint8_t { passed, failed, not_claimed, not_tried };
  Kind kind = Kind::passed;
  std::string why = {};  ///< empty where passed
};

/// Tries one rule in this process: a plugin that crashes takes it along.
Verdict try_rule(const Rule& rule, const dispytch_plugin& plugin, const Options& options);

}  // namespace dispytch::conformance
