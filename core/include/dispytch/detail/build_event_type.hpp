// Builds an event's description, and checks at compile time what its struct says of topic, type and key.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <dispytch/detail/build_type_table.hpp>

namespace dispytch {

/// What an event says of its own wire form: `static constexpr dispytch::EventWire wire = {.layout = ..., .type_from = ..., .name =
/// "kind"};` It goes before the config file's. The fields are those of WireForm.
struct EventWire {
  WireForm::Layout layout = WireForm::Layout::envelope;
  WireForm::TypeFrom type_from = WireForm::TypeFrom::none;
  std::string_view name = {};
};

}  // namespace dispytch

namespace dispytch::detail {

// ---- paths: "aircraft.tail_number" ----

enum class PathProblem : std::uint8_t { none, no_member, no_text };  ///< no_text: it leads to no string, integer or enumeration

constexpr std::size_t segment_count(std::string_view path) { return 1 + static_cast<std::size_t>(std::ranges::count(path, '.')); }

/// Follows the path from T and fills `out` (segment_count() of room; may be null).
template <class T>
constexpr PathProblem resolve(std::string_view path, Path::Step* out) {
  const std::size_t dot = path.find('.');
  const std::string_view head = path.substr(0, dot);
  const std::string_view tail = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  PathProblem result = PathProblem::no_member;
  for_each_member<T>([&](auto d, std::size_t index) {
    using D = decltype(d);
    using M = typename Unwrapped<MemberTypeOf<D>>::type;
    if (head != D::name) return;
    if (out != nullptr) {
      const auto* type = is_unix_ms<T>(D::name) ? &ValueTypeOf<MemberTypeOf<D>, TimeForm::unix_ms>::value
                                                : &ValueTypeOf<MemberTypeOf<D>, TimeForm::rfc3339>::value;
      *out = {kDescription<T>.offsets[index], type};
    }
    if (dot == std::string_view::npos) {
      result = std::same_as<M, std::string> || Integer<M> || DescribedEnum<M> ? PathProblem::none : PathProblem::no_text;
    } else if constexpr (DescribedStruct<M>) {
      result = resolve<M>(tail, out == nullptr ? nullptr : out + 1);
    }
  });
  return result;
}

// ---- topics: "user.{user_id}.notification" ----

enum class TopicProblem : std::uint8_t { none, empty, braces, partial_segment, no_member, no_text };

/// Calls f(text before, path) for each placeholder and returns the text after the last. The topic must be well-formed.
template <class F>
constexpr std::string_view for_each_placeholder(std::string_view topic, F f) {
  for (std::size_t open = topic.find('{'); open != std::string_view::npos; open = topic.find('{')) {
    const std::size_t close = topic.find('}', open);
    f(topic.substr(0, open), topic.substr(open + 1, close - open - 1));
    topic.remove_prefix(close + 1);
  }
  return topic;
}

template <class T>
constexpr TopicProblem check_topic(std::string_view topic) {
  if (topic.empty()) return TopicProblem::empty;
  bool open = false;
  for (const char c : topic) {
    if (c == (open ? '{' : '}')) return TopicProblem::braces;
    open = (open || c == '{') && c != '}';
  }
  if (open) return TopicProblem::braces;
  TopicProblem result = TopicProblem::none;
  bool first = true;
  const std::string_view rest = for_each_placeholder(topic, [&](std::string_view text, std::string_view path) {
    const bool begins_segment = text.empty() ? first : text.back() == '.' && (first || text.front() == '.');
    const PathProblem problem = resolve<T>(path, nullptr);
    if (result == TopicProblem::none) {
      if (!begins_segment) result = TopicProblem::partial_segment;
      if (problem == PathProblem::no_member) result = TopicProblem::no_member;
      if (problem == PathProblem::no_text) result = TopicProblem::no_text;
    }
    first = false;
  });
  if (result == TopicProblem::none && !first && !rest.empty() && rest.front() != '.') result = TopicProblem::partial_segment;
  return result;
}

template <class T>
struct EventOf {
  static constexpr std::string_view topic = T::topic;

  static constexpr std::string_view partition_by() {
    if constexpr (requires { T::partition_by; }) return T::partition_by;
    return {};
  }
  static constexpr auto key = [] {
    std::array<Path::Step, partition_by().empty() ? 0 : segment_count(partition_by())> steps{};
    if constexpr (!partition_by().empty()) resolve<T>(partition_by(), steps.data());
    return steps;
  }();

  static constexpr std::size_t placeholders = static_cast<std::size_t>(std::ranges::count(topic, '{'));
  static constexpr std::size_t steps_of_placeholders = [] {
    std::size_t count = 0;
    for_each_placeholder(topic, [&](std::string_view, std::string_view path) { count += segment_count(path); });
    return count;
  }();
  static constexpr auto topic_steps = [] {
    std::array<Path::Step, steps_of_placeholders> steps{};
    std::size_t at = 0;
    for_each_placeholder(topic, [&](std::string_view, std::string_view path) {
      resolve<T>(path, steps.data() + at);
      at += segment_count(path);
    });
    return steps;
  }();
  static constexpr auto topic_parts = [] {
    std::array<TopicPart, placeholders == 0 ? 0 : placeholders + 1> parts{};
    if constexpr (placeholders != 0) {
      std::size_t i = 0;
      std::size_t at = 0;
      const std::string_view rest = for_each_placeholder(topic, [&](std::string_view text, std::string_view path) {
        parts[i++] = {text, path, Path{{topic_steps.data() + at, segment_count(path)}}};
        at += segment_count(path);
      });
      parts[i] = {rest, {}, {}};
    }
    return parts;
  }();

  static constexpr EventType make(const WireForm* wire) noexcept {
    return {kDescription<T>.name, topic, T::type, &TableOf<T>::value, Path{key}, topic_parts, wire};
  }
  static const EventType value;
};

template <class T>
constinit const EventType EventOf<T>::value = make(nullptr);

template <class T>
const TypeTable& type_table() noexcept {
  return TableOf<T>::value;
}

template <class T>
const EventType& event_type() noexcept {
  if constexpr (requires { T::wire; }) {
    // Never destroyed: threads may still emit while the program exits.
    static const WireForm& form =
        *new WireForm{.layout = T::wire.layout, .type_from = T::wire.type_from, .name = std::string{T::wire.name}};
    static const EventType type = EventOf<T>::make(&form);
    return type;
  } else {
    return EventOf<T>::value;
  }
}

}  // namespace dispytch::detail
