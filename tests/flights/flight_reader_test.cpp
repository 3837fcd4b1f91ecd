#include "flight_reader.hpp"

#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace flights {
namespace {

const std::string kHeader = "dep_time,dep_delay,carrier,flight,tailnum,origin,dest,distance\n";

std::variant<FlightDeparted, FlightCancelled> read(const std::string& row) {
  std::istringstream in{kHeader + row};
  return FlightReader{in, "f.csv"}.next().value();
}

std::string error_in_row(const std::string& row) {
  try {
    read(row);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(FlightReader, ReadsADeparture) {
  const auto flight = std::get<FlightDeparted>(read("517,-2,UA,1545,N14228,EWR,IAH,1400\n"));
  EXPECT_EQ(flight.aircraft.tail_number, "N14228");
  EXPECT_EQ(flight.carrier, "UA");
  EXPECT_EQ(flight.flight, 1545);
  EXPECT_EQ(flight.origin, "EWR");
  EXPECT_EQ(flight.destination, "IAH");
  EXPECT_EQ(flight.delay_minutes, -2);
  EXPECT_EQ(flight.distance_miles, 1400);
}

TEST(FlightReader, ReadsAMissingDistanceAsNone) {
  EXPECT_EQ(std::get<FlightDeparted>(read("517,2,UA,1545,N14228,EWR,IAH,NA\n")).distance_miles, std::nullopt);
}

TEST(FlightReader, TakesAFlightWithoutDepartureTimeAsCancelled) {
  const auto flight = std::get<FlightCancelled>(read("NA,NA,EV,4308,N18120,EWR,RDU,416\n"));
  EXPECT_EQ(flight.tail_number, "N18120");
  EXPECT_EQ(flight.carrier, "EV");
  EXPECT_EQ(flight.flight, 4308);
}

TEST(FlightReader, GivesACancelledFlightWithoutAircraftNoTailNumber) {
  EXPECT_EQ(std::get<FlightCancelled>(read("NA,NA,AA,791,NA,LGA,DFW,1389\n")).tail_number, std::nullopt);
}

TEST(FlightReader, EndsWithTheFile) {
  std::istringstream in{kHeader};
  EXPECT_EQ(FlightReader(in, "f.csv").next(), std::nullopt);
}

TEST(FlightReader, NamesLineAndColumnOfWhatIsNoNumber) {
  EXPECT_EQ(error_in_row("517,late,UA,1545,N14228,EWR,IAH,1400\n"), "f.csv:2: dep_delay: expected an integer or NA, found \"late\"");
  EXPECT_EQ(error_in_row("517,2,UA,99999999999,N14228,EWR,IAH,1400\n"),
            "f.csv:2: flight: expected an integer or NA, found \"99999999999\"");
  EXPECT_EQ(error_in_row("5:17,2,UA,1545,N14228,EWR,IAH,1400\n"), "f.csv:2: dep_time: expected an integer or NA, found \"5:17\"");
}

TEST(FlightReader, RefusesADepartureThatLacksWhatItNeeds) {
  EXPECT_EQ(error_in_row("517,NA,UA,1545,N14228,EWR,IAH,1400\n"), "f.csv:2: dep_delay: expected an integer, found NA");
  EXPECT_EQ(error_in_row("517,2,UA,1545,NA,EWR,IAH,1400\n"), "f.csv:2: tailnum: expected a value, found NA");
  EXPECT_EQ(error_in_row("517,2,,1545,N14228,EWR,IAH,1400\n"), "f.csv:2: carrier: expected a value, found nothing");
}

TEST(FlightReader, NamesAMissingColumn) {
  std::istringstream in{"dep_time\n"};
  EXPECT_THROW(FlightReader(in, "f.csv"), std::runtime_error);
}

}  // namespace
}  // namespace flights
