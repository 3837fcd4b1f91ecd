// The application's own section of the config file, typed by a struct of the application's: DISPYTCH_SETTINGS, in the struct's namespace.
//
//   struct Database {
//     static constexpr auto required = dispytch::fields("url");  // must stand in the file; the others keep what the struct says
//     dispytch::Secret url = {};
//     int connections = 4;
//   };
//   DISPYTCH_SETTINGS(Database, url, connections)
//
//   struct ShopSettings {
//     Database database = {};
//     std::chrono::milliseconds poll{500};       // `5s` in the file
//     dispytch::Bytes cache{64 * 1024 * 1024};   // `64MiB` in the file
//   };
//   DISPYTCH_SETTINGS(ShopSettings, database, poll, cache)
//
// Members are bool, integers, double, std::string, Secret, Bytes, std::chrono durations of h, min, s, ms, us or ns, enumerations with
// DISPYTCH_ENUM, structs with DISPYTCH_SETTINGS, and std::optional, std::vector and std::map<std::string, T> of these. What is wrong with a
// description is a compile error; what is wrong in the file is told with its place, before anything starts.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <dispytch/describe.hpp>
#include <dispytch/detail/settings_table.hpp>

namespace dispytch {

/// A text that is never shown: a password, or a URL with one in it. No log, no error and no output of a command has it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) noexcept : text_{std::move(text)} {}
  /// For whom it is meant.
  const std::string& reveal() const noexcept { return text_; }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_ = {};
};

/// A size: `64MiB` in the file.
struct Bytes {
  std::uint64_t count = 0;
  bool operator==(const Bytes&) const = default;
};

namespace detail {

template <class T>
concept DescribedSettings = requires(const T* value) { dispytch_settings(value); };

template <class T>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = std::integral<Rep>;

template <class T>
struct SettingWrapper {
  static constexpr bool is_one = false;
};
template <class T>
struct SettingWrapper<std::optional<T>> {
  static constexpr bool is_one = true;
  static constexpr auto kind = SettingType::Kind::optional;
  using Inner = T;
  static void* add(void* value, std::string_view) { return &static_cast<std::optional<T>*>(value)->emplace(); }
  static void clear(void* value) { static_cast<std::optional<T>*>(value)->reset(); }
};
template <class T>
struct SettingWrapper<std::vector<T>> {
  static constexpr bool is_one = !std::same_as<T, bool>;
  static constexpr auto kind = SettingType::Kind::list;
  using Inner = T;
  static void* add(void* value, std::string_view) { return &static_cast<std::vector<T>*>(value)->emplace_back(); }
  static void clear(void* value) { static_cast<std::vector<T>*>(value)->clear(); }
};
template <class T>
struct SettingWrapper<std::map<std::string, T>> {
  static constexpr bool is_one = true;
  static constexpr auto kind = SettingType::Kind::map;
  using Inner = T;
  static void* add(void* value, std::string_view key) { return &(*static_cast<std::map<std::string, T>*>(value))[std::string{key}]; }
  static void clear(void* value) { static_cast<std::map<std::string, T>*>(value)->clear(); }
};

template <class Duration>
constexpr std::string_view duration_unit() noexcept {
  using Period = typename Duration::period;
  if constexpr (std::same_as<Period, std::nano>) return "ns";
  if constexpr (std::same_as<Period, std::micro>) return "us";
  if constexpr (std::same_as<Period, std::milli>) return "ms";
  if constexpr (std::same_as<Period, std::ratio<1>>) return "s";
  if constexpr (std::same_as<Period, std::ratio<60>>) return "m";
  if constexpr (std::same_as<Period, std::ratio<3600>>) return "h";
  return "";
}

/// Returns whether a member may have the type.
template <class T>
constexpr bool is_setting() noexcept {
  if constexpr (SettingWrapper<T>::is_one) {
    return is_setting<typename SettingWrapper<T>::Inner>();
  } else if constexpr (kIsDuration<T>) {
    return !duration_unit<T>().empty();
  } else {
    return std::same_as<T, bool> || Integer<T> || std::same_as<T, double> || std::same_as<T, std::string> || std::same_as<T, Secret> ||
           std::same_as<T, Bytes> || DescribedEnum<T> || DescribedSettings<T>;
  }
}

template <class E>
struct SettingChoices {
  using Entries = boost::describe::describe_enumerators<E>;
  static constexpr std::size_t kCount = boost::mp11::mp_size<Entries>::value;
  static constexpr auto words = [] {
    std::array<std::string_view, kCount> made{};
    std::size_t i = 0;
    boost::mp11::mp_for_each<Entries>([&](auto entry) { made[i++] = entry.name; });
    return made;
  }();
  static constexpr auto values = [] {
    std::array<E, kCount> made{};
    std::size_t i = 0;
    boost::mp11::mp_for_each<Entries>([&](auto entry) { made[i++] = entry.value; });
    return made;
  }();
};

template <class T>
struct SettingOf {
  static const SettingType value;
};
template <class T>
struct SettingsOf {
  static const SettingsTable value;
};

template <class T>
constexpr SettingType make_setting_type() noexcept {
  using SettingKind = SettingType::Kind;
  SettingType type;
  if constexpr (SettingWrapper<T>::is_one) {
    type.kind = SettingWrapper<T>::kind;
    type.inner = &SettingOf<typename SettingWrapper<T>::Inner>::value;
    type.add = &SettingWrapper<T>::add;
    type.clear = &SettingWrapper<T>::clear;
  } else if constexpr (std::same_as<T, bool>) {
    type.kind = SettingKind::boolean;
    type.set_integer = [](void* value, std::int64_t to) { *static_cast<bool*>(value) = to != 0; };
  } else if constexpr (std::same_as<T, std::string>) {
    type.kind = SettingKind::text;
    type.set_text = [](void* value, std::string_view to) { *static_cast<std::string*>(value) = to; };
  } else if constexpr (std::same_as<T, Secret>) {
    type.kind = SettingKind::secret;
    type.set_text = [](void* value, std::string_view to) { *static_cast<Secret*>(value) = Secret{std::string{to}}; };
  } else if constexpr (std::same_as<T, double>) {
    type.kind = SettingKind::number;
    type.set_number = [](void* value, double to) { *static_cast<double*>(value) = to; };
  } else if constexpr (DescribedSettings<T>) {
    type.kind = SettingKind::section;
    type.section = &SettingsOf<T>::value;
  } else if constexpr (DescribedEnum<T>) {
    type.kind = SettingKind::choice;
    type.choices = SettingChoices<T>::words;
    type.set_integer = [](void* value, std::int64_t to) {
      *static_cast<T*>(value) = SettingChoices<T>::values[static_cast<std::size_t>(to)];
    };
  } else if constexpr (std::same_as<T, Bytes>) {
    type.kind = SettingKind::size;
    type.set_integer = [](void* value, std::int64_t to) { static_cast<Bytes*>(value)->count = static_cast<std::uint64_t>(to); };
  } else if constexpr (kIsDuration<T>) {
    type.kind = SettingKind::duration;
    type.unit = duration_unit<T>();
    type.set_integer = [](void* value, std::int64_t to) { *static_cast<T*>(value) = T{static_cast<typename T::rep>(to)}; };
  } else {
    type.kind = SettingKind::integer;
    type.minimum = static_cast<std::int64_t>(std::numeric_limits<T>::min());
    type.maximum = std::cmp_greater(std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max())
                       ? std::numeric_limits<std::int64_t>::max()
                       : static_cast<std::int64_t>(std::numeric_limits<T>::max());
    type.set_integer = [](void* value, std::int64_t to) { *static_cast<T*>(value) = static_cast<T>(to); };
  }
  return type;
}

template <class T>
constexpr bool is_required_setting(std::string_view member) {
  if constexpr (requires { T::required; }) return std::ranges::find(T::required, member) != T::required.end();
  return false;
}

template <class T>
constexpr bool required_names_settings() {
  if constexpr (requires { T::required; })
    return std::ranges::all_of(T::required, [](std::string_view name) { return has_member<T>(name); });
  return true;
}

template <class T>
struct SettingsFields {
  static constexpr auto value = [] {
    std::array<SettingsField, kMemberCount<T>> fields{};
    for_each_member<T>([&](auto d, std::size_t i) {
      using D = decltype(d);
      fields[i] = {.name = d.name,
                   .required = is_required_setting<T>(d.name),
                   .type = &SettingOf<MemberTypeOf<D>>::value,
                   .of = [](void* object) -> void* { return &(static_cast<T*>(object)->*D::pointer); }};
    });
    return fields;
  }();
};

template <class T>
constexpr SettingType SettingOf<T>::value = make_setting_type<T>();
template <class T>
constexpr SettingsTable SettingsOf<T>::value = {dispytch_settings(static_cast<const T*>(nullptr)), SettingsFields<T>::value};

}  // namespace detail
}  // namespace dispytch

/// Describes a section of settings: DISPYTCH_SETTINGS(T, members...), at most 52 of them. In the struct's namespace.
#define DISPYTCH_SETTINGS(T, ...)                                                                                                     \
  BOOST_DESCRIBE_STRUCT(T, (), (__VA_ARGS__))                                                                                         \
  [[maybe_unused]] constexpr std::string_view dispytch_settings(const T*) noexcept { return #T; }                                     \
  DISPYTCH_DETAIL_EACH(DISPYTCH_DETAIL_CHECK_SETTING, T, __VA_ARGS__)                                                                 \
  DISPYTCH_DETAIL_CHECK(T, std::is_default_constructible_v<T>, " must be default-constructible: it keeps what the file doesn't say"); \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::required_names_settings<T>(), "::required names something that is no described member");

#define DISPYTCH_DETAIL_CHECK_SETTING(T, member)                                  \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::is_setting<decltype(T::member)>(), \
                        "::" #member " has a type that a config file can't carry; <dispytch/settings.hpp> lists those that it can");
