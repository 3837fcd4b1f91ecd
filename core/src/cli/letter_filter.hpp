// Which letters are meant: the conditions of `--filter`, all of which must hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/letter.hpp"

namespace dispytch::cli {

class LetterFilter {
 public:
  LetterFilter() = default;
  /// NAME=VALUE or NAME~PART each. `now_ms`: what `since=2h` counts back from. Throws UsageError.
  LetterFilter(const std::vector<std::string>& conditions, std::int64_t now_ms);

  bool matches(const Letter& letter) const;
  /// Whether a condition speaks of that: "group".
  bool names(std::string_view name) const;
  bool empty() const noexcept { return conditions_.empty(); }

 private:
  struct Condition {
    std::string name = {};
    std::string text = {};
    bool contains = false;                     // else: is
    std::optional<std::int64_t> time_ms = {};  // of since and until
  };
  std::vector<Condition> conditions_ = {};
};

/// What the option says, for the help of each command that has it.
inline constexpr const char* kFilterHelp =
    "Only letters of which that is so: reason, exception, handler, listener, group, topic, type or key, `=` the whole or `~` a part of it; "
    "since= and until= a time, or a duration ago. Several must all hold";

}  // namespace dispytch::cli
