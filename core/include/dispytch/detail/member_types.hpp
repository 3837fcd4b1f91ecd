// Which C++ types a described struct may hold, and why another may not.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <nlohmann/json_fwd.hpp>

namespace dispytch::detail {

/// Why a type cannot be a member; `none`: it can.
enum class Obstacle : std::uint8_t { none, string_view, undescribed, unsupported, time_point, map_key, variant_alternative };

/// What DISPYTCH_STRUCT leaves behind for argument-dependent lookup.
template <class T>
concept DescribedStruct =
    std::is_class_v<T> && boost::describe::has_describe_members<T>::value && requires(const T* value) { dispytch_description(value); };

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept DynamicJson = std::same_as<T, nlohmann::json>;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8 && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// What a member's C++ type is to the codec. Specialised for each of the templates that it knows.
template <class T>
struct MemberType {
  static constexpr Obstacle obstacle() noexcept {
    if constexpr (std::same_as<T, bool> || Integer<T> || std::same_as<T, float> || std::same_as<T, double> ||
                  std::same_as<T, std::string> || DynamicJson<T> || DescribedStruct<T> || DescribedEnum<T>) {
      return Obstacle::none;
    } else if constexpr (std::is_class_v<T> || std::is_enum_v<T>) {
      return Obstacle::undescribed;
    } else {
      return Obstacle::unsupported;
    }
  }
};

template <class C, class Traits>
struct MemberType<std::basic_string_view<C, Traits>> {
  static constexpr Obstacle obstacle() noexcept { return Obstacle::string_view; }
};

template <class T>
struct MemberType<std::optional<T>> {
  static constexpr Obstacle obstacle() noexcept { return MemberType<T>::obstacle(); }
};

template <class T>
struct MemberType<std::optional<std::optional<T>>> {
  static constexpr Obstacle obstacle() noexcept { return Obstacle::unsupported; }  // JSON has one null
};

template <class T>
struct MemberType<std::vector<T>> {
  static constexpr Obstacle obstacle() noexcept { return MemberType<T>::obstacle(); }
};

template <class K, class T, class Compare>
struct MemberType<std::map<K, T, Compare>> {
  static constexpr Obstacle obstacle() noexcept { return std::same_as<K, std::string> ? MemberType<T>::obstacle() : Obstacle::map_key; }
};

template <class... Ts>
struct MemberType<std::variant<Ts...>> {
  static constexpr Obstacle obstacle() noexcept { return (DescribedStruct<Ts> && ...) ? Obstacle::none : Obstacle::variant_alternative; }
};

template <class Duration>
struct MemberType<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  using Rep = typename Duration::rep;
  using Period = typename Duration::period;
  static constexpr Obstacle obstacle() noexcept {
    const bool counts_in_64_bits = std::integral<Rep> && sizeof(Rep) == 8;
    const bool known =
        Period::num == 1 && (Period::den == 1 || Period::den == 1000 || Period::den == 1'000'000 || Period::den == 1'000'000'000);
    return counts_in_64_bits && known ? Obstacle::none : Obstacle::time_point;
  }
};

template <class T>
struct Unwrapped {  // of optionals
  using type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using type = T;
};

template <class T>
inline constexpr bool kIsTimePoint = false;
template <class Duration>
inline constexpr bool kIsTimePoint<std::chrono::time_point<std::chrono::system_clock, Duration>> = true;
template <class T>
inline constexpr bool kIsTimePoint<std::optional<T>> = kIsTimePoint<T>;
template <class T>
inline constexpr bool kIsTimePoint<std::vector<T>> = kIsTimePoint<T>;
template <class K, class T, class Compare>
inline constexpr bool kIsTimePoint<std::map<K, T, Compare>> = kIsTimePoint<T>;

}  // namespace dispytch::detail
