// The preprocessor's part of <dispytch/describe.hpp>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#define DISPYTCH_DETAIL_CAT(a, b) DISPYTCH_DETAIL_CAT_(a, b)
#define DISPYTCH_DETAIL_CAT_(a, b) a##b

// DISPYTCH_DETAIL_FITS(...): `members`, or `too_many` for 53 to 104 of them.
#define DISPYTCH_DETAIL_26(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
#define DISPYTCH_DETAIL_FITS(...)                                                                              \
  DISPYTCH_DETAIL_FITS_(__VA_ARGS__ __VA_OPT__(, ) DISPYTCH_DETAIL_26(too_many), DISPYTCH_DETAIL_26(too_many), \
                        DISPYTCH_DETAIL_26(members), DISPYTCH_DETAIL_26(members), members, members)
#define DISPYTCH_DETAIL_FITS_(...) DISPYTCH_DETAIL_PICK(__VA_ARGS__)
#define DISPYTCH_DETAIL_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23,     \
                             a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, \
                             a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, a62, a63, a64, a65, a66, a67, \
                             a68, a69, a70, a71, a72, a73, a74, a75, a76, a77, a78, a79, a80, a81, a82, a83, a84, a85, a86, a87, a88, a89, \
                             a90, a91, a92, a93, a94, a95, a96, a97, a98, a99, a100, a101, a102, a103, a104, picked, ...)                  \
  picked

// DISPYTCH_DETAIL_EACH(macro, T, ...): macro(T, x) for each x, by rescanning.
#define DISPYTCH_DETAIL_PARENS ()
#define DISPYTCH_DETAIL_EXPAND(...) \
  DISPYTCH_DETAIL_EXPAND_3(DISPYTCH_DETAIL_EXPAND_3(DISPYTCH_DETAIL_EXPAND_3(DISPYTCH_DETAIL_EXPAND_3(__VA_ARGS__))))
#define DISPYTCH_DETAIL_EXPAND_3(...) \
  DISPYTCH_DETAIL_EXPAND_2(DISPYTCH_DETAIL_EXPAND_2(DISPYTCH_DETAIL_EXPAND_2(DISPYTCH_DETAIL_EXPAND_2(__VA_ARGS__))))
#define DISPYTCH_DETAIL_EXPAND_2(...) \
  DISPYTCH_DETAIL_EXPAND_1(DISPYTCH_DETAIL_EXPAND_1(DISPYTCH_DETAIL_EXPAND_1(DISPYTCH_DETAIL_EXPAND_1(__VA_ARGS__))))
#define DISPYTCH_DETAIL_EXPAND_1(...) __VA_ARGS__
#define DISPYTCH_DETAIL_EACH(macro, T, ...) __VA_OPT__(DISPYTCH_DETAIL_EXPAND(DISPYTCH_DETAIL_EACH_(macro, T, __VA_ARGS__)))
#define DISPYTCH_DETAIL_EACH_(macro, T, x, ...) \
  macro(T, x) __VA_OPT__(DISPYTCH_DETAIL_EACH_AGAIN DISPYTCH_DETAIL_PARENS(macro, T, __VA_ARGS__))
#define DISPYTCH_DETAIL_EACH_AGAIN() DISPYTCH_DETAIL_EACH_

#define DISPYTCH_DETAIL_DESCRIBE_too_many(T, ...) \
  static_assert(sizeof(T) == 0, "dispytch: " #T " describes more than 52 members; group some of them in a struct of their own");

// offsetof is asked for types that are not of standard layout too; every compiler that builds the codec answers for them.
#define DISPYTCH_DETAIL_OFFSET(T, member) static_cast<std::uint32_t>(offsetof(T, member)),

#define DISPYTCH_DETAIL_DESCRIBE_members(T, ...)                                                                                           \
  BOOST_DESCRIBE_STRUCT(T, (), (__VA_ARGS__))                                                                                              \
  DISPYTCH_DETAIL_CHECK(T, ::boost::describe::has_describe_members<T>::value, " must be described in the namespace that it is in");        \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"") [[maybe_unused]] constexpr auto                  \
  dispytch_description(const T*) noexcept {                                                                                                \
    return ::dispytch::detail::Description<::dispytch::detail::kMemberCount<T>>{                                                           \
        #T, {DISPYTCH_DETAIL_EACH(DISPYTCH_DETAIL_OFFSET, T, __VA_ARGS__)}};                                                               \
  }                                                                                                                                        \
  _Pragma("GCC diagnostic pop") DISPYTCH_DETAIL_EACH(DISPYTCH_DETAIL_CHECK_MEMBER, T, __VA_ARGS__)                                         \
      DISPYTCH_DETAIL_CHECK(T, std::is_default_constructible_v<T>, " must be default-constructible: it is made empty and then read into"); \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::defaulted_names_members<T>(), "::defaulted names something that is no described member");   \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::unix_ms_names_time_points<T>(),                                                             \
                        "::unix_ms names something that is no described time point");                                                      \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::wire_names_name_members<T>(), "::wire_names names something that is no described member");  \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::wire_names_are_unique<T>(), "::wire_names gives two members the same name on the wire");    \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::wire_names_need_no_escapes<T>(), "::wire_names has a quote, backslash or control character");

#define DISPYTCH_DETAIL_CHECK(T, condition, reason) static_assert(condition, "dispytch: " #T reason)

#define DISPYTCH_DETAIL_CHECK_MEMBER(T, member)                                                                                  \
  DISPYTCH_DETAIL_CHECK_TYPE(T, member, string_view,                                                                             \
                             "is a std::string_view, which would dangle once the message is gone; make it a std::string");       \
  DISPYTCH_DETAIL_CHECK_TYPE(T, member, undescribed,                                                                             \
                             "has a type without a description; write DISPYTCH_STRUCT or DISPYTCH_ENUM for it before this one"); \
  DISPYTCH_DETAIL_CHECK_TYPE(T, member, unsupported,                                                                             \
                             "has a type that JSON events can't carry; docs/write-a-handler.md lists those that they can");      \
  DISPYTCH_DETAIL_CHECK_TYPE(                                                                                                    \
      T, member, time_point,                                                                                                     \
      "is a time point that doesn't count s, ms, us or ns in 64 bits; std::chrono::sys_time<std::chrono::milliseconds> does");   \
  DISPYTCH_DETAIL_CHECK_TYPE(T, member, map_key, "is a map whose key is no std::string; JSON has no other keys");                \
  DISPYTCH_DETAIL_CHECK_TYPE(T, member, variant_alternative, "is a variant of something else than structs described before it"); \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::VariantCheck<decltype(T::member)>::tags_differ,                                   \
                        "::" #member " is a variant with two alternatives of the same `type`");                                  \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::VariantCheck<decltype(T::member)>::tags_are_free,                                 \
                        "::" #member " is a variant of a struct with a field `type`, where the variant's tag goes");

#define DISPYTCH_DETAIL_CHECK_TYPE(T, member, obstacle, reason)                                                         \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::is_free_of<decltype(T::member)>(::dispytch::detail::Obstacle::obstacle), \
                        "::" #member " " reason)

#define DISPYTCH_DETAIL_CHECK_EVENT(T)                                                                                                 \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::HasTopic<T>, " is an event and says no topic: static constexpr auto topic = \"...\";"); \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::HasType<T>, " is an event and says no type: static constexpr auto type = \"...\";");    \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::type_is_not_empty<T>(), "::type is empty");                                             \
  DISPYTCH_DETAIL_CHECK_TOPIC(T, empty, "is empty");                                                                                   \
  DISPYTCH_DETAIL_CHECK_TOPIC(T, braces, "has a brace without its other half");                                                        \
  DISPYTCH_DETAIL_CHECK_TOPIC(T, partial_segment, "has a placeholder that doesn't fill the whole of a segment between dots");          \
  DISPYTCH_DETAIL_CHECK_TOPIC(T, no_member, "has a placeholder that names no described member");                                       \
  DISPYTCH_DETAIL_CHECK_TOPIC(T, no_text, "has a placeholder that leads to no string, integer or enumeration");                        \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::partition_by_is_free_of<T>(::dispytch::detail::PathProblem::no_member),                 \
                        "::partition_by names no described member");                                                                   \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::partition_by_is_free_of<T>(::dispytch::detail::PathProblem::no_text),                   \
                        "::partition_by leads to no string, integer or enumeration, and only those can be keys");                      \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::wire_is_whole<T>(),                                                                     \
                        "::wire says that the type is in a field or header, or fixed, and doesn't name it");

#define DISPYTCH_DETAIL_CHECK_TOPIC(T, problem, reason) \
  DISPYTCH_DETAIL_CHECK(T, ::dispytch::detail::topic_is_free_of<T>(::dispytch::detail::TopicProblem::problem), "::topic " reason)
