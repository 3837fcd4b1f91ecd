// The example services over the memory backend.
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/dispytch.hpp>
#include <dispytch/testing/harness.hpp>

#include "board.hpp"
#include "delay_board.hpp"
#include "events.hpp"
#include "feed.hpp"
#include "flights/log.hpp"
#include "flights/truth.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace flights {
namespace {

using dispytch::testing::Finished;
using dispytch::testing::run;
using ::testing::HasSubstr;

TEST(Board, CountsADeparture) {
  dispytch::testing::Harness harness{board()};
  DelayBoard& delays = harness.provide<DelayBoard>();
  harness.emit(FlightDeparted{.aircraft = {"N14228"}, .carrier = "UA", .delay_minutes = 2});
  harness.settle();
  EXPECT_EQ(delays.departures("UA"), 1);
  EXPECT_TRUE(harness.failures().empty());
}

TEST(Board, CountsACancelledFlightWithoutAnAircraft) {
  dispytch::testing::Harness harness{board()};
  DelayBoard& delays = harness.provide<DelayBoard>();
  harness.emit(FlightCancelled{.carrier = "AA", .flight = 791, .origin = "LGA", .destination = "DFW"});
  harness.settle();
  EXPECT_EQ(delays.snapshot().at("AA").cancelled, 1);
  EXPECT_EQ(delays.departures("AA"), 0);
}

TEST(Flights, EachAircraftsEventsArriveInTheOrderOfTheInput) {
  const auto backend = dispytch::Backend::load("memory", {{"default_partitions", std::int64_t{4}}});
  dispytch::EventListener listener{backend.consumer({.topics = {"flights"}, .group = "log"})};
  Log& log = listener.provide<Log>(Log{.awaited = 4334});
  listener.include(log_handlers());

  FeedCounts counts;
  dispytch::EventEmitter out{backend.producer()};
  feed({.input = kInput}, out, counts, {});
  EXPECT_EQ(counts.confirmed(), 4334);
  listener.run(log.stop.get_token());
  EXPECT_EQ(log.seen, 4334u);
  EXPECT_EQ(log.histories, true_histories());
}

TEST(Flights, TheFeedEndsWhenAskedToAndStopsAtItsLimit) {
  const auto backend = dispytch::Backend::load("memory");
  dispytch::EventEmitter out{backend.producer()};
  FeedCounts limited, stopped;
  feed({.input = kInput, .limit = 10}, out, limited, {});
  EXPECT_EQ(limited.confirmed(), 10);
  std::stop_source stop;
  stop.request_stop();
  feed({.input = kInput}, out, stopped, stop.get_token());
  EXPECT_EQ(stopped.confirmed(), 0);
}

TEST(Flights, TheFeedSaysWhichFlightsWereNotConfirmed) {
  const auto backend = dispytch::Backend::load("memory", {{"max_bytes", "100B"}});  // less than any event has
  dispytch::EventEmitter out{backend.producer()};
  FeedCounts counts;
  try {
    feed({.input = kInput, .limit = 3}, out, counts, {});
    FAIL() << "it ended well";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("3 flights were not confirmed; the first because: "));
  }
  EXPECT_EQ(counts.failed(), 3);
}

// The real programs, as the demo runs them.
class Programs : public ::testing::Test {
 protected:
  Finished flights(std::vector<std::string> arguments, std::string_view input = {},
                   const dispytch::testing::ProcessOptions& options = {}) const {
    arguments.insert(arguments.begin(), {FLIGHTS_PROGRAM, "--config", FLIGHTS_CONFIG, "--until-idle", "100ms"});
    return run(arguments, input, options);
  }
  std::string written(const std::string& name) const {
    std::ifstream in{folder_ / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  const dispytch::testing::TemporaryFolder folder_{"flights"};
};

TEST_F(Programs, WriteTheTruthForAllCarriers) {
  const std::string output = folder_ / "delays.csv";
  const Finished finished = flights({"--input", kInput, "--output", output});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_THAT(finished.errors, HasSubstr("4334 confirmed, 0 failed\n"));
  EXPECT_EQ(written("delays.csv"), true_board());
}

TEST_F(Programs, ReadStandardInputAndWriteStandardOutput) {
  std::ifstream in{kInput};
  const std::string all{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_EQ(flights({}, all).output, true_board());
}

TEST_F(Programs, NameTheMalformedRowAndWriteNoResult) {
  const Finished finished = flights(
      {"--output", folder_ / "delays.csv"},
      "dep_time,dep_delay,carrier,flight,tailnum,origin,dest,distance\n517,2,UA,1545,N14228,EWR,IAH,1400\nnoon,2,UA,1,N1,EWR,IAH,1\n");
  EXPECT_THAT(finished.errors, HasSubstr("standard input:3: dep_time: expected an integer or NA, found \"noon\""));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "delays.csv"));
}

TEST_F(Programs, FailWhereTheInputOrTheOutputCannotBeOpened) {
  const Finished no_input = flights({"--input", "/nowhere/flights.csv"});
  EXPECT_THAT(no_input.errors, HasSubstr("/nowhere/flights.csv: can't be opened: No such file or directory"));
  EXPECT_EQ(no_input.exit_code, 1);
  const Finished no_output = flights({"--input", kInput, "--limit", "1", "--output", "/nowhere/delays.csv"});
  EXPECT_THAT(no_output.errors, HasSubstr("the result can't be written: /nowhere/delays.csv.partial: No such file or directory"));
  EXPECT_EQ(no_output.exit_code, 1);
}

TEST_F(Programs, ShowALiveTableOnATerminal) {
  const Finished finished = flights({"--input", kInput}, {}, {.terminal = true});
  EXPECT_THAT(finished.output, HasSubstr("carrier  departures  cancelled  mean delay (min)"));
  EXPECT_THAT(finished.output, HasSubstr("UA              769          3             9.120"));
  EXPECT_EQ(finished.output.find("carrier,departures"), std::string::npos);
}

TEST_F(Programs, SayTheirVersionAndHowTheyAreUsed) {
  EXPECT_THAT(run({FLIGHTS_PROGRAM, "--version"}).output, ::testing::MatchesRegex("flights \\(dispytch [0-9]+\\.[0-9]+\\.[0-9]+\\)\n"));
  const Finished help = run({FLIGHTS_PROGRAM, "--help"});
  for (const char* option : {"--config", "--check", "--version", "--until-idle", "--input", "--limit", "--output", "Exit codes: "}) {
    EXPECT_THAT(help.output, HasSubstr(option));
  }
  EXPECT_EQ(help.exit_code, 0);
}

TEST_F(Programs, WriteNothingWhereTheyOnlyCheck) {
  const Finished finished = flights({"--check", "--output", folder_ / "delays.csv"});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "delays.csv"));
}

}  // namespace
}  // namespace flights
