#include "topic/pattern.hpp"

#include <algorithm>

namespace dispytch::topic {
namespace {

// The first dot that doesn't stand between braces: a placeholder's path has dots of its own.
std::size_t find_dot(std::string_view text) noexcept {
  bool in_braces = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') in_braces = true;
    if (text[i] == '}') in_braces = false;
    if (text[i] == '.' && !in_braces) return i;
  }
  return std::string_view::npos;
}

// Calls `use(index, part)` for each part between dots until it returns false; returns the number of parts seen.
template <class Use>
std::size_t for_each_part(std::string_view text, Use use) {
  std::size_t index = 0;
  while (true) {
    const std::size_t dot = find_dot(text);
    if (!use(index++, text.substr(0, dot)) || dot == std::string_view::npos) return index;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

Pattern::Pattern(std::string_view text) : text_{text} {
  for_each_part(text, [this](std::size_t, std::string_view part) {
    const bool is_segment = part.size() > 2 && part.front() == '{' && part.back() == '}';
    if (is_segment) part = part.substr(1, part.size() - 2);
    exact_ = exact_ && !is_segment;
    parts_.push_back({std::string{part}, is_segment});
    return true;
  });
}

bool Pattern::has_segment(std::string_view name) const noexcept {
  return std::ranges::any_of(parts_, [name](const Part& part) { return part.is_segment && part.text == name; });
}

bool Pattern::matches(std::string_view topic) const noexcept {
  if (exact_) return topic == text_;
  bool fits = true;
  const std::size_t seen = for_each_part(topic, [&](std::size_t index, std::string_view part) {
    fits = index < parts_.size() && (parts_[index].is_segment ? !part.empty() : parts_[index].text == part);
    return fits;
  });
  return fits && seen == parts_.size();
}

std::optional<std::string_view> Pattern::segment(std::string_view topic, std::string_view name) const noexcept {
  if (!matches(topic)) return std::nullopt;
  std::optional<std::string_view> found;
  for_each_part(topic, [&](std::size_t index, std::string_view part) {
    if (parts_[index].is_segment && parts_[index].text == name) found = part;
    return !found.has_value();
  });
  return found;
}

bool Pattern::overlaps(const Pattern& other) const noexcept {
  return parts_.size() == other.parts_.size() && std::ranges::equal(parts_, other.parts_, [](const Part& left, const Part& right) {
           return left.is_segment || right.is_segment || left.text == right.text;
         });
}

}  // namespace dispytch::topic
