// What a consumer asks for: topics by name or by pattern, its group, and where a new group begins. For brokers without patterns of their
// own.
#pragma once

#include <regex.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {

/// Topics by pattern: `user.{user_id}.notification`, as handlers write it, where a part in braces stands for any one part between dots;
/// or, with `^` in front, a POSIX extended regular expression, as Kafka's client takes it.
class Pattern {
 public:
  /// Throws Exception (DISPYTCH_ECONFIG).
  explicit Pattern(const Config& config) {
    const std::string text = config.as<std::string>();
    const std::string expression = text.starts_with('^') ? text : to_expression(text);
    auto compiled = std::make_unique<regex_t>();
    if (const int problem = regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB); problem != 0) {
      std::array<char, 128> why{};
      regerror(problem, compiled.get(), why.data(), why.size());
      throw Exception{config.error("expected a POSIX extended regular expression, found \"" + text + "\": " + why.data())};
    }
    compiled_.reset(compiled.release());
  }
  /// Any thread.
  bool matches(const std::string& topic) const noexcept { return regexec(compiled_.get(), topic.c_str(), 0, nullptr, 0) == 0; }

 private:
  struct Free {
    void operator()(regex_t* compiled) const noexcept {
      regfree(compiled);
      delete compiled;
    }
  };
  // Returns the regular expression of a name with parts in braces. Braces elsewhere, and everything else, stand for themselves.
  static std::string to_expression(std::string_view pattern) {
    std::string expression = "^";
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      const bool starts_part = at == 0 || pattern[at - 1] == '.';
      const std::size_t close = pattern.find('}', at);
      const bool is_part = starts_part && pattern[at] == '{' && close != std::string_view::npos && close > at + 1 &&
                           (close + 1 == pattern.size() || pattern[close + 1] == '.');
      if (is_part) {
        expression += "[^.]+";
        at = close;
        continue;
      }
      if (std::string_view{R"(^.[]$()|*+?{}\)"}.find(pattern[at]) != std::string_view::npos) expression += '\\';
      expression += pattern[at];
    }
    return expression + "$";
  }

  std::unique_ptr<regex_t, Free> compiled_;
};

struct Subscription {
  std::vector<std::string> names = {};
  std::vector<Pattern> patterns = {};
  std::string group = {};                    ///< empty: none, the consumer reads everything alone
  std::optional<std::string> instance = {};  ///< its own name in the group, the same after a restart
  bool from_oldest = true;                   ///< where a group without a position begins
  bool ephemeral = false;                    ///< a look, of which nothing stays

  /// Returns whether a pattern matches the topic.
  bool matches(const std::string& topic) const noexcept {
    return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) { return pattern.matches(topic); });
  }
  /// Returns whether the topic is named, or matched by a pattern.
  bool wants(const std::string& topic) const noexcept {
    return std::find(names.begin(), names.end(), topic) != names.end() || matches(topic);
  }
  /// Returns whether its positions are to be kept.
  bool has_group() const noexcept { return !group.empty() && !ephemeral; }
};

/// Reads the document that abi.h describes at the consumer's open. Throws Exception (DISPYTCH_ECONFIG).
inline Subscription read_subscription(const Config& options) {
  Subscription subscription;
  for (const Config& topic : options.at("topics").elements()) {
    if (const Config pattern = topic.at("pattern")) {
      subscription.patterns.emplace_back(pattern);
    } else {
      subscription.names.push_back(topic.require<std::string>("name"));
    }
  }
  if (subscription.names.empty() && subscription.patterns.empty()) {
    throw Exception{options.at("topics").error("expected at least one topic")};
  }
  subscription.group = options.get("group", "");
  subscription.instance = options.get<std::string>("instance");
  subscription.ephemeral = options.get("ephemeral", false);
  subscription.from_oldest = options.get("start", "earliest") != "latest";
  return subscription;
}

}  // namespace dispytch::plugin
