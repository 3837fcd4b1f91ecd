#include "flight_reader.hpp"

#include <charconv>
#include <utility>

namespace flights {
namespace {

constexpr std::string_view kMissing = "NA";

}  // namespace

FlightReader::FlightReader(std::istream& in, std::string name)
    : csv_{in, std::move(name)},
      dep_time_{csv_.column("dep_time")},
      dep_delay_{csv_.column("dep_delay")},
      carrier_{csv_.column("carrier")},
      flight_{csv_.column("flight")},
      tailnum_{csv_.column("tailnum")},
      origin_{csv_.column("origin")},
      dest_{csv_.column("dest")},
      distance_{csv_.column("distance")} {}

std::optional<std::variant<FlightDeparted, FlightCancelled>> FlightReader::next() {
  if (!csv_.next()) return std::nullopt;
  const auto text = [&](std::size_t column, std::string_view name) { return std::string{required(column, name)}; };
  if (!optional_number(dep_time_, "dep_time")) {
    FlightCancelled event{.carrier = text(carrier_, "carrier"),
                          .flight = number(flight_, "flight"),
                          .origin = text(origin_, "origin"),
                          .destination = text(dest_, "dest")};
    if (csv_.field(tailnum_) != kMissing) event.tail_number = text(tailnum_, "tailnum");
    return event;
  }
  return FlightDeparted{.aircraft = {.tail_number = text(tailnum_, "tailnum")},
                        .carrier = text(carrier_, "carrier"),
                        .flight = number(flight_, "flight"),
                        .origin = text(origin_, "origin"),
                        .destination = text(dest_, "dest"),
                        .delay_minutes = number(dep_delay_, "dep_delay"),
                        .distance_miles = optional_number(distance_, "distance")};
}

std::string_view FlightReader::required(std::size_t column, std::string_view name) const {
  const std::string_view text = csv_.field(column);
  if (text.empty() || text == kMissing) csv_.fail(std::string{name} + ": expected a value, found " + (text.empty() ? "nothing" : "NA"));
  return text;
}

std::optional<int> FlightReader::optional_number(std::size_t column, std::string_view name) const {
  const std::string_view text = csv_.field(column);
  if (text == kMissing) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    csv_.fail(std::string{name} + ": expected an integer or NA, found \"" + std::string{text} + '"');
  }
  return value;
}

int FlightReader::number(std::size_t column, std::string_view name) const {
  const std::optional<int> value = optional_number(column, name);
  if (!value) csv_.fail(std::string{name} + ": expected an integer, found NA");
  return *value;
}

}  // namespace flights
