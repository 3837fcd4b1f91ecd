// Describes structs to the framework: DISPYTCH_STRUCT, DISPYTCH_EVENT and DISPYTCH_ENUM, written once beside the type, in its namespace.
//
//   struct Aircraft { std::string tail_number = {}; };
//   DISPYTCH_STRUCT(Aircraft, tail_number)
//
//   struct FlightDeparted {
//     static constexpr auto topic = "flights";                      // `{member}` fills a segment: "user.{user_id}.notification"
//     static constexpr auto type = "flight_departed";
//     static constexpr auto partition_by = "aircraft.tail_number";  // optional: the member whose value is the message's key
//     ...
//   };
//   DISPYTCH_EVENT(FlightDeparted, aircraft, carrier)
//
// A struct may also say, of its members:
//     static constexpr auto defaulted = dispytch::fields("delay_minutes");                          // may be missing when read
//     static constexpr auto unix_ms = dispytch::fields("at");                                       // a time point as an integer
//     static constexpr dispytch::WireName wire_names[] = {{"wire_name", "wireName"}};
// and an event, of its payload:
//     static constexpr dispytch::EventWire wire = {.layout = dispytch::WireForm::Layout::flat};
//
// What is wrong with a description is a compile error whose text names the struct and the reason.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <dispytch/detail/build_event_type.hpp>
#include <dispytch/detail/check_description.hpp>
#include <dispytch/detail/macros.hpp>

namespace dispytch {

/// Names of members: `static constexpr auto defaulted = dispytch::fields("a", "b");`
template <class... Names>
constexpr std::array<std::string_view, sizeof...(Names)> fields(const Names&... names) noexcept {
  return {std::string_view{names}...};
}

/// A struct that DISPYTCH_EVENT described.
template <class T>
concept DescribedEvent = detail::DescribedStruct<T> && requires {
  std::string_view{T::topic};
  std::string_view{T::type};
};

}  // namespace dispytch

/// An enumeration that travels by name: DISPYTCH_ENUM(Colour, red, blue). In the enumeration's namespace.
#define DISPYTCH_ENUM(E, ...) BOOST_DESCRIBE_ENUM(E, __VA_ARGS__)

/// A struct that may be a member of events: DISPYTCH_STRUCT(T, members...), at most 52 of them. In the struct's namespace.
#define DISPYTCH_STRUCT(T, ...) \
  DISPYTCH_DETAIL_CAT(DISPYTCH_DETAIL_DESCRIBE_, DISPYTCH_DETAIL_FITS(__VA_ARGS__))(T __VA_OPT__(, ) __VA_ARGS__)

/// An event: as DISPYTCH_STRUCT, and T says its topic and type.
#define DISPYTCH_EVENT(T, ...)                  \
  DISPYTCH_STRUCT(T __VA_OPT__(, ) __VA_ARGS__) \
  DISPYTCH_DETAIL_CHECK_EVENT(T)
