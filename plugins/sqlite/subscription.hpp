// What a consumer asks for: topics by name or by pattern, its group, and where a new group begins.
#pragma once

#include <regex.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace dispytch::sqlite {

/// Topics by pattern: `user.{user_id}.notification`, as handlers write it, where a part in braces stands for any one part between dots;
/// or, with `^` in front, a POSIX extended regular expression, as Kafka's client takes it.
class Pattern {
 public:
  /// Throws plugin::Exception (DISPYTCH_ECONFIG).
  explicit Pattern(const plugin::Config& config);
  bool matches(const std::string& topic) const noexcept { return regexec(compiled_.get(), topic.c_str(), 0, nullptr, 0) == 0; }

 private:
  struct Free {
    void operator()(regex_t* compiled) const noexcept {
      regfree(compiled);
      delete compiled;
    }
  };
  std::unique_ptr<regex_t, Free> compiled_;
};

struct Subscription {
  std::vector<std::string> names = {};
  std::vector<Pattern> patterns = {};
  std::string group = {};                    ///< empty: none, the consumer reads everything alone
  std::optional<std::string> instance = {};  ///< its own name in the group, the same after a restart
  bool from_oldest = true;                   ///< where a group without a position begins
  bool ephemeral = false;                    ///< a look, of which nothing stays

  bool matches(const std::string& topic) const noexcept {
    for (const Pattern& pattern : patterns) {
      if (pattern.matches(topic)) return true;
    }
    return false;
  }
  bool wants(const std::string& topic) const noexcept {
    return std::find(names.begin(), names.end(), topic) != names.end() || matches(topic);
  }
  bool has_group() const noexcept { return !group.empty() && !ephemeral; }
};

/// Reads the document that abi.h describes at the consumer's open. Throws plugin::Exception (DISPYTCH_ECONFIG).
Subscription read_subscription(const plugin::Config& options);

}  // namespace dispytch::sqlite
