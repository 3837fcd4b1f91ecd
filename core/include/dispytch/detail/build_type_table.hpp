// Builds the type tables from what DISPYTCH_STRUCT and DISPYTCH_EVENT left behind, all of it as constants of the program.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <dispytch/detail/member_types.hpp>
#include <dispytch/detail/type_table.hpp>

namespace dispytch {

/// A member whose name on the wire is not its C++ name: `static constexpr dispytch::WireName wire_names[] = {{"wire_name", "wireName"}};`
struct WireName {
  std::string_view member;
  std::string_view wire;
};

}  // namespace dispytch

namespace dispytch::detail {

/// What the macros leave behind: the name, and offsetof for each member in order.
template <std::size_t N>
struct Description {
  std::string_view name;
  std::array<std::uint32_t, N> offsets;
};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
template <class T>
inline constexpr std::size_t kMemberCount = boost::mp11::mp_size<Members<T>>::value;
template <class T>
inline constexpr auto kDescription = dispytch_description(static_cast<const T*>(nullptr));

template <class Pointer>
struct MemberOf;
template <class T, class M>
struct MemberOf<M T::*> {
  using type = M;
};
/// The C++ type of a member, given its descriptor.
template <class D>
using MemberTypeOf = typename MemberOf<std::remove_cv_t<decltype(D::pointer)>>::type;

/// Calls f(descriptor, index) for each member.
template <class T, class F>
constexpr void for_each_member(F f) {
  std::size_t i = 0;
  boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) { f(descriptor, i++); });
}

template <class T>
constexpr bool has_member(std::string_view name) {
  bool found = false;
  for_each_member<T>([&](auto d, std::size_t) { found = found || name == d.name; });
  return found;
}

// ---- what a struct says of its members ----

template <class T>
constexpr std::string_view wire_name(std::string_view member) {
  if constexpr (requires { T::wire_names; }) {
    for (const WireName& name : T::wire_names) {
      if (name.member == member) return name.wire;
    }
  }
  return member;
}

template <class T>
constexpr bool is_defaulted(std::string_view member) {
  if constexpr (requires { T::defaulted; }) return std::ranges::find(T::defaulted, member) != T::defaulted.end();
  return false;
}

template <class T>
constexpr bool is_unix_ms(std::string_view member) {
  if constexpr (requires { T::unix_ms; }) return std::ranges::find(T::unix_ms, member) != T::unix_ms.end();
  return false;
}

// ---- the types of values ----

enum class TimeForm : std::uint8_t { rfc3339, unix_ms };

template <class T>
struct TableOf {
  static const TypeTable value;
};

template <class T, TimeForm Form>
struct ValueTypeOf;

template <class E>
struct EnumOf {
  using Entries = boost::describe::describe_enumerators<E>;

  static constexpr auto entries = [] {
    std::array<EnumType::Entry, boost::mp11::mp_size<Entries>::value> result{};
    std::size_t i = 0;
    boost::mp11::mp_for_each<Entries>([&](auto d) { result[i++] = {d.name, static_cast<std::int64_t>(d.value)}; });
    return result;
  }();
  static std::int64_t get(const void* value) noexcept { return static_cast<std::int64_t>(*static_cast<const E*>(value)); }
  static void set(void* value, std::int64_t to) noexcept { *static_cast<E*>(value) = static_cast<E>(to); }
  static constexpr EnumType type{entries, &get, &set};
};

template <class T, TimeForm Form>
struct ValueTypeOf {
  static constexpr ValueType make() noexcept {
    if constexpr (std::same_as<T, bool>) {
      return ValueType{Kind::boolean};
    } else if constexpr (std::same_as<T, float>) {
      return ValueType{Kind::float32};
    } else if constexpr (std::same_as<T, double>) {
      return ValueType{Kind::float64};
    } else if constexpr (std::same_as<T, std::string>) {
      return ValueType{Kind::string};
    } else if constexpr (DynamicJson<T>) {
      return ValueType{Kind::json};
    } else if constexpr (Integer<T>) {
      return ValueType{integer_kind<T>()};
    } else if constexpr (std::is_enum_v<T>) {
      return ValueType{&EnumOf<T>::type};
    } else {
      return ValueType{&TableOf<T>::value};
    }
  }
  static const ValueType value;
};
template <class T, TimeForm Form>
constinit const ValueType ValueTypeOf<T, Form>::value = make();

template <class Duration, TimeForm Form>
struct ValueTypeOf<std::chrono::time_point<std::chrono::system_clock, Duration>, Form> {
  static constexpr ValueType value{Form == TimeForm::unix_ms ? Kind::unix_ms : Kind::rfc3339, Duration::period::den};
};

template <class T, TimeForm Form>
struct ValueTypeOf<std::optional<T>, Form> {
  using Optional = std::optional<T>;
  static const void* get(const void* at) noexcept {
    const auto& optional = *static_cast<const Optional*>(at);
    return optional ? &*optional : nullptr;
  }
  static void* emplace(void* at) { return &static_cast<Optional*>(at)->emplace(); }
  static void reset(void* at) noexcept { static_cast<Optional*>(at)->reset(); }
  static constexpr OptionalType type{&ValueTypeOf<T, Form>::value, &get, &emplace, &reset};
  static constexpr ValueType value{&type};
};

template <class T, TimeForm Form>
struct ValueTypeOf<std::vector<T>, Form> {
  using Vector = std::vector<T>;
  static const void* data(const void* at) noexcept { return static_cast<const Vector*>(at)->data(); }
  static std::size_t size(const void* at) noexcept { return static_cast<const Vector*>(at)->size(); }
  static void clear(void* at) noexcept { static_cast<Vector*>(at)->clear(); }
  static void* append(void* at) { return &static_cast<Vector*>(at)->emplace_back(); }
  static constexpr SequenceType type{&ValueTypeOf<T, Form>::value, sizeof(T), &data, &size, &clear, &append};
  static constexpr ValueType value{&type};
};

template <TimeForm Form>
struct ValueTypeOf<std::vector<bool>, Form> {
  static constexpr ValueType value{Kind::bits};
};

template <class T, class Compare, TimeForm Form>
struct ValueTypeOf<std::map<std::string, T, Compare>, Form> {
  using Map = std::map<std::string, T, Compare>;
  static void clear(void* at) noexcept { static_cast<Map*>(at)->clear(); }
  static void* insert(void* at, std::string_view key) {
    const auto [entry, inserted] = static_cast<Map*>(at)->try_emplace(std::string{key});
    return inserted ? &entry->second : nullptr;
  }
  static bool visit(const void* at, void* context, MapType::Visitor visitor) {
    return std::ranges::all_of(*static_cast<const Map*>(at),
                               [&](const auto& entry) { return visitor(context, entry.first, &entry.second); });
  }
  static constexpr MapType type{&ValueTypeOf<T, Form>::value, &clear, &insert, &visit};
  static constexpr ValueType value{&type};
};

/// What tells a struct from the others of a variant: its `type`, or else its C++ name.
template <class T>
constexpr std::string_view variant_tag() noexcept {
  if constexpr (requires { std::string_view{T::type}; }) return T::type;
  return kDescription<T>.name;
}

template <class... Ts, TimeForm Form>
struct ValueTypeOf<std::variant<Ts...>, Form> {
  using Variant = std::variant<Ts...>;
  static constexpr std::array<VariantType::Alternative, sizeof...(Ts)> alternatives{{{variant_tag<Ts>(), &TableOf<Ts>::value}...}};
  static std::size_t index(const void* at) noexcept { return static_cast<const Variant*>(at)->index(); }
  static const void* get(const void* at) noexcept {
    return std::visit([](const auto& value) -> const void* { return &value; }, *static_cast<const Variant*>(at));
  }
  static void* emplace(void* at, std::size_t wanted) {
    using Emplace = void* (*)(Variant&);
    static constexpr std::array<Emplace, sizeof...(Ts)> table{[](Variant& variant) -> void* { return &variant.template emplace<Ts>(); }...};
    return table[wanted](*static_cast<Variant*>(at));
  }
  static constexpr VariantType type{alternatives, &index, &get, &emplace};
  static constexpr ValueType value{&type};
};

// ---- the table of a struct ----

template <class T>
constexpr std::size_t key_text_size() {
  std::size_t size = 0;
  for_each_member<T>([&](auto d, std::size_t) { size += wire_name<T>(d.name).size() + 4; });
  return size;
}

template <class T>
struct FieldsOf {
  /// `,"name":` of each member, one after the other.
  static constexpr auto text = [] {
    std::array<char, key_text_size<T>() + 1> result{};
    auto out = result.begin();
    for_each_member<T>([&](auto d, std::size_t) {
      const std::string_view name = wire_name<T>(d.name);
      *out++ = ',';
      *out++ = '"';
      out = std::ranges::copy(name, out).out;
      *out++ = '"';
      *out++ = ':';
    });
    return result;
  }();

  template <class D>
  static constexpr Field field(std::size_t index, std::size_t text_at) {
    using M = MemberTypeOf<D>;
    const std::string_view name = wire_name<T>(D::name);
    const bool unix_ms = is_unix_ms<T>(D::name);
    Field result{};
    result.key = Key{name};
    result.text = text.data() + text_at;
    result.type = unix_ms ? &ValueTypeOf<M, TimeForm::unix_ms>::value : &ValueTypeOf<M, TimeForm::rfc3339>::value;
    result.offset = kDescription<T>.offsets[index];
    result.name_size = static_cast<std::uint16_t>(name.size());
    result.kind = kind_of<M>(unix_ms);
    result.index = static_cast<std::uint8_t>(index);
    return result;
  }

  template <class M>
  static constexpr Kind kind_of(bool unix_ms) {
    if constexpr (kIsTimePoint<M> && !requires { ValueTypeOf<M, TimeForm::rfc3339>::type; })
      return unix_ms ? Kind::unix_ms : Kind::rfc3339;
    else if constexpr (requires { ValueTypeOf<M, TimeForm::rfc3339>::make(); })
      return ValueTypeOf<M, TimeForm::rfc3339>::make().kind;
    else
      return ValueTypeOf<M, TimeForm::rfc3339>::value.kind;
  }

  static constexpr auto fields = [] {
    std::array<Field, kMemberCount<T>> result{};
    std::size_t text_at = 0;
    for_each_member<T>([&](auto d, std::size_t i) {
      result[i] = field<decltype(d)>(i, text_at);
      text_at += wire_name<T>(d.name).size() + 4;
    });
    return result;
  }();

  /// All but optionals and those in T::defaulted.
  static constexpr std::uint64_t required = [] {
    std::uint64_t mask = 0;
    for_each_member<T>([&](auto d, std::size_t i) {
      using M = MemberTypeOf<decltype(d)>;
      const bool is_optional = !std::same_as<typename Unwrapped<M>::type, M>;
      if (!is_optional && !is_defaulted<T>(d.name)) mask |= std::uint64_t{1} << i;
    });
    return mask;
  }();
};

template <class T>
constinit const TypeTable TableOf<T>::value{kDescription<T>.name, FieldsOf<T>::fields, FieldsOf<T>::required};

}  // namespace dispytch::detail
