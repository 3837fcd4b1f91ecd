// Secrets that a text may quote, such as what a broker's client says of its options, and the same text without them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dispytch::plugin {

/// Values that must not be seen in any output. Reading is for any thread.
class Secrets {
 public:
  static constexpr std::string_view kHidden = "***";

  /// Adds a value; an empty one is none.
  void add(std::string value) {
    if (value.empty()) return;
    // The longer ones first, of which a shorter one may be a part: its place would be taken, and their rest would stay.
    const auto shorter = [&](const std::string& known) { return known.size() < value.size(); };
    values_.insert(std::find_if(values_.begin(), values_.end(), shorter), std::move(value));
  }

  /// Returns the text with `***` for each secret in it. One of less than four letters is part of every other word: it is hidden only where
  /// a text shows a value, between quotes or behind `=`.
  std::string hide(std::string text) const {
    for (const std::string& value : values_) {
      for (std::size_t at = text.find(value); at != std::string::npos;) {
        const bool hidden = is_told(text, at, value.size());
        if (hidden) text.replace(at, value.size(), kHidden);
        at = text.find(value, at + (hidden ? kHidden.size() : 1));
      }
    }
    return text;
  }

 private:
  static bool is_told(std::string_view text, std::size_t at, std::size_t size) {
    constexpr std::size_t kTooShortToSearch = 4;
    if (size >= kTooShortToSearch) return true;
    const char before = at == 0 ? ' ' : text[at - 1];
    const char behind = at + size == text.size() ? ' ' : text[at + size];
    const bool quoted = before == behind && std::string_view{"\"'`"}.find(before) != std::string_view::npos;
    return quoted || (before == '=' && std::string_view{" ,;)\n"}.find(behind) != std::string_view::npos);
  }

  std::vector<std::string> values_ = {};  // the longest first
};

}  // namespace dispytch::plugin
