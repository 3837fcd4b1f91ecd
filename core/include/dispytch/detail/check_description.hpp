// The compile-time checks of a description. Their texts are in macros.hpp, where the names of struct and member are at hand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <dispytch/detail/build_event_type.hpp>

namespace dispytch::detail {

template <class M>
constexpr bool is_free_of(Obstacle obstacle) {
  return MemberType<std::remove_cv_t<M>>::obstacle() != obstacle;
}

template <class T>
constexpr bool defaulted_names_members() {
  if constexpr (requires { T::defaulted; })
    return std::ranges::all_of(T::defaulted, [](std::string_view name) { return has_member<T>(name); });
  return true;
}

template <class T>
constexpr bool unix_ms_names_time_points() {
  if constexpr (requires { T::unix_ms; }) {
    return std::ranges::all_of(T::unix_ms, [](std::string_view name) {
      bool found = false;
      for_each_member<T>([&](auto d, std::size_t) { found = found || (name == d.name && kIsTimePoint<MemberTypeOf<decltype(d)>>); });
      return found;
    });
  }
  return true;
}

template <class T>
constexpr bool wire_names_name_members() {
  if constexpr (requires { T::wire_names; }) {
    return std::ranges::all_of(T::wire_names, [](const WireName& name) { return has_member<T>(name.member); });
  }
  return true;
}

template <class T>
constexpr bool wire_names_are_unique() {
  std::array<std::string_view, kMemberCount<T>> names{};
  for_each_member<T>([&](auto d, std::size_t i) { names[i] = wire_name<T>(d.name); });
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

/// A name is written and compared as it stands, so it may hold nothing that JSON escapes.
template <class T>
constexpr bool wire_names_need_no_escapes() {
  bool plain = true;
  for_each_member<T>([&](auto d, std::size_t) {
    for (const char c : wire_name<T>(d.name)) plain = plain && c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
  });
  return plain;
}

template <class... Ts>
constexpr bool alternatives_differ() {
  std::array<std::string_view, sizeof...(Ts)> tags{variant_tag<Ts>()...};
  std::ranges::sort(tags);
  return std::ranges::adjacent_find(tags) == tags.end();
}

template <class T>
constexpr bool has_no_field_type() {
  bool none = true;
  for_each_member<T>([&](auto d, std::size_t) { none = none && wire_name<T>(d.name) != "type"; });
  return none;
}

/// Of a variant, however deep in optionals, vectors and maps: its tags differ, and no alternative has a field where the tag goes.
template <class M>
struct VariantCheck {
  static constexpr bool tags_differ = true;
  static constexpr bool tags_are_free = true;
};
template <class... Ts>
struct VariantCheck<std::variant<Ts...>> {
  static constexpr bool described = (DescribedStruct<Ts> && ...);
  static constexpr bool tags_differ = [] {
    if constexpr (described) return alternatives_differ<Ts...>();
    return true;  // said already, of the alternatives
  }();
  static constexpr bool tags_are_free = [] {
    if constexpr (described) return (has_no_field_type<Ts>() && ...);
    return true;
  }();
};
template <class T>
struct VariantCheck<std::optional<T>> : VariantCheck<T> {};
template <class T>
struct VariantCheck<std::vector<T>> : VariantCheck<T> {};
template <class K, class T, class Compare>
struct VariantCheck<std::map<K, T, Compare>> : VariantCheck<T> {};

template <class T>
concept HasTopic = requires { std::string_view{T::topic}; };
template <class T>
concept HasType = requires { std::string_view{T::type}; };

template <class T>
constexpr bool type_is_not_empty() {
  if constexpr (HasType<T>) return !std::string_view{T::type}.empty();
  return true;
}

template <class T>
constexpr bool topic_is_free_of(TopicProblem problem) {
  if constexpr (HasTopic<T>) return check_topic<T>(T::topic) != problem;
  return true;
}

template <class T>
constexpr bool partition_by_is_free_of(PathProblem problem) {
  if constexpr (requires { T::partition_by; }) return resolve<T>(T::partition_by, nullptr) != problem;
  return true;
}

template <class T>
constexpr bool wire_is_whole() {
  if constexpr (requires { T::wire; }) return T::wire.type_from == WireForm::TypeFrom::none || !std::string_view{T::wire.name}.empty();
  return true;
}

}  // namespace dispytch::detail
