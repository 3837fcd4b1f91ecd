// The wire forms that the config file gives to single topics, by their names or by patterns.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/wire.hpp>

#include "topic/pattern.hpp"

namespace dispytch::topic {

/// Immutable.
class WireForms {
 public:
  explicit WireForms(const std::map<std::string, WireForm>& by_topic) {
    for (const auto& [text, wire] : by_topic) {
      Pattern pattern{text};
      if (pattern.is_exact()) {
        names_.emplace(text, wire);
      } else {
        patterns_.emplace_back(std::move(pattern), wire);
      }
    }
  }

  /// nullptr: the topic has none of its own. Its name goes before a pattern; of several patterns the first in alphabetical order counts.
  /// A pattern is found by itself, whatever its segments are called.
  const WireForm* find(std::string_view topic) const {
    if (const auto named = names_.find(topic); named != names_.end()) return &named->second;
    for (const auto& [pattern, wire] : patterns_) {
      if (pattern.matches(topic)) return &wire;
    }
    return nullptr;
  }

 private:
  std::map<std::string, WireForm, std::less<>> names_;
  std::vector<std::pair<Pattern, WireForm>> patterns_;
};

}  // namespace dispytch::topic
