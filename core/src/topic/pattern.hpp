// A topic as a handler names it: exactly, or with `{segments}` that match one part between dots.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispytch::topic {

/// `user.{user_id}.notification` matches `user.42.notification` and captures `42`. Immutable.
class Pattern {
 public:
  explicit Pattern(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// No segment: the text is the topic's name.
  bool is_exact() const noexcept { return exact_; }
  bool has_segment(std::string_view name) const noexcept;

  /// What `topic` has where this pattern has `{name}`; nullopt where the topic doesn't match, or there is no such segment.
  std::optional<std::string_view> segment(std::string_view topic, std::string_view name) const noexcept;
  bool matches(std::string_view topic) const noexcept;

  /// Whether some topic can match both. Conservative: true where in doubt.
  bool overlaps(const Pattern& other) const noexcept;

 private:
  struct Part {
    std::string text;  // without braces
    bool is_segment;
  };
  std::string text_;
  std::vector<Part> parts_;
  bool exact_ = true;
};

}  // namespace dispytch::topic
