// What happens to a flight. Both events are on the topic `flights`, keyed by the aircraft, so that one aircraft's events stay in order.
#pragma once

#include <optional>
#include <string>

#include <dispytch/describe.hpp>

namespace flights {

struct Aircraft {
  std::string tail_number = {};
};
DISPYTCH_STRUCT(Aircraft, tail_number)

struct FlightDeparted {
  static constexpr auto topic = "flights";
  static constexpr auto type = "flight_departed";
  static constexpr auto partition_by = "aircraft.tail_number";

  Aircraft aircraft = {};
  std::string carrier = {};  ///< two-letter airline code
  int flight = 0;
  std::string origin = {}, destination = {};  ///< airport codes
  int delay_minutes = 0;                      ///< negative: early
  std::optional<int> distance_miles = {};
};
DISPYTCH_EVENT(FlightDeparted, aircraft, carrier, flight, origin, destination, delay_minutes, distance_miles)

struct FlightCancelled {
  static constexpr auto topic = "flights";
  static constexpr auto type = "flight_cancelled";
  static constexpr auto partition_by = "tail_number";

  /// Absent: cancelled before an aircraft was assigned. Such an event has no key: there is no aircraft whose order it could keep, and
  /// a stand-in ("", "NA") would pile all of them onto one partition as if they were one aircraft.
  std::optional<std::string> tail_number = {};
  std::string carrier = {};
  int flight = 0;
  std::string origin = {}, destination = {};
};
DISPYTCH_EVENT(FlightCancelled, tail_number, carrier, flight, origin, destination)

}  // namespace flights
