// The example services as two processes over a real Kafka, and other programs on the same topic.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dispytch/dispytch.hpp>

#include "flights/log.hpp"
#include "flights/truth.hpp"
#include "support/kafka_topics.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace flights {
namespace {

using dispytch::testing::Finished;
using dispytch::testing::kafka_address;
using dispytch::testing::KafkaTopics;
using dispytch::testing::run;
using ::testing::HasSubstr;

class KafkaFlights : public ::testing::Test {
 protected:
  // The topic's name is the events' own, so it is made anew for each test.
  KafkaFlights() {
    topics_.remove("flights");
    topics_.create("flights", 4);
    std::ofstream{config_} << "version: 1\n"
                              "logging: { level: warning }\n"
                              "backends:\n"
                              "  bus: { plugin: kafka, config: { bootstrap.servers: \"" +
                                  kafka_address() +
                                  "\" } }\n"
                                  "emitters:\n"
                                  "  flights: { backend: bus }\n"
                                  "listeners:\n"
                                  "  board: { backend: bus, group: " +
                                  folder_.path().filename().string() + ", topics: [flights] }\n";
  }
  ~KafkaFlights() override { topics_.remove("flights"); }

  void feed() const {
    const Finished fed = run({FLIGHT_FEED, "--config", config_, "--input", kInput});
    EXPECT_EQ(fed.output, "4334 confirmed, 0 failed\n") << fed.errors;
    EXPECT_EQ(fed.exit_code, 0);
  }

  // What the board shows once nothing more comes, for longer than a busy machine may take to begin fetching.
  std::string board() const {
    const Finished finished = run({FLIGHT_BOARD, "--config", config_, "--until-idle", "3s", "--output", folder_ / "delays.csv"});
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    std::ifstream in{folder_ / "delays.csv"};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  static std::string kcat(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), {"kcat", "-q", "-b", kafka_address(), "-t", "flights"});
    const Finished finished = run(arguments, input);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    return finished.output;
  }

  KafkaTopics topics_{kafka_address()};
  const dispytch::testing::TemporaryFolder folder_{"flights-kafka"};
  std::string config_ = folder_ / "config.yaml";
};

TEST_F(KafkaFlights, TheBoardShowsTheTruthForAllCarriers) {
  feed();
  EXPECT_EQ(board(), true_board());
}

TEST_F(KafkaFlights, TheBoardGoesOnWhereItsGroupStopped) {
  feed();
  EXPECT_EQ(board(), true_board());
  EXPECT_EQ(board(), "carrier,departures,cancelled,mean_delay_minutes\n");
}

TEST_F(KafkaFlights, EachAircraftsEventsArriveInTheOrderOfTheInput) {
  feed();
  const auto backend = dispytch::Backend::load("kafka", {{"bootstrap.servers", kafka_address()}});
  dispytch::EventListener listener{backend.consumer({.topics = {"flights"}, .group = folder_.path().filename().string() + "-log"})};
  Log& log = listener.provide<Log>(Log{.awaited = 4334});
  listener.include(log_handlers());
  listener.run(log.stop.get_token());
  EXPECT_EQ(log.seen, 4334u);
  EXPECT_EQ(log.histories, true_histories());
}

TEST_F(KafkaFlights, KcatReadsEachAircraftsEventsInTheOrderOfTheInput) {
  feed();
  std::string histories_read;
  std::size_t without_key = 0;
  std::istringstream lines{kcat({"-C", "-e", "-f", "%K %k %s\n"})};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t key = line.find(' ') + 1, payload = line.find(' ', key) + 1;
    const auto event = nlohmann::json::parse(line.substr(payload));
    const auto& body = event.at("body");
    if (line.starts_with("-1 ")) {
      ++without_key;
      EXPECT_EQ(event.at("type"), "flight_cancelled");
      continue;
    }
    const std::string what = event.at("type") == "flight_departed" ? "departed" : "cancelled";
    histories_read += line.substr(key, payload - 1 - key) + ' ' + what + ' ' + body.at("carrier").get<std::string>() + ' ' +
                      std::to_string(body.at("flight").get<int>()) + ' ' + body.at("origin").get<std::string>() + '\n';
  }
  EXPECT_EQ(without_key, 7u);  // cancelled before an aircraft was assigned
  EXPECT_EQ(histories(histories_read), true_histories());
}

TEST_F(KafkaFlights, TheBoardHandlesWhatKcatWrites) {
  kcat(
      {"-P", "-K", "|"},
      R"(N1|{"id": "1", "type": "flight_departed", "body": {"aircraft": {"tail_number": "N1"}, "carrier": "ZZ", "flight": 1, "origin": "EWR", "destination": "IAH", "delay_minutes": 3, "distance_miles": null}, "timestamp": 1})"
      "\n"
      R"(N1|{"id": "2", "type": "flight_departed", "body": {"aircraft": {"tail_number": "N1"}, "carrier": "ZZ", "flight": 2, "origin": "IAH", "destination": "EWR", "delay_minutes": -4}, "timestamp": 2})"
      "\n"
      R"(N2|{"id": "3", "type": "flight_cancelled", "body": {"tail_number": "N2", "carrier": "YY", "flight": 3, "origin": "EWR", "destination": "IAH"}, "timestamp": 3})"
      "\n"
      R"(N2|{"id": "4", "type": "something_else", "body": {}, "timestamp": 4})"
      "\n");
  EXPECT_EQ(board(), "carrier,departures,cancelled,mean_delay_minutes\nYY,0,1,\nZZ,2,0,-0.500\n");
}

TEST_F(KafkaFlights, TheFeedSaysThatTheTopicIsMissing) {
  topics_.remove("flights");
  const Finished fed = run({FLIGHT_FEED, "--config", config_, "--input", kInput, "--limit", "1"});
  EXPECT_THAT(fed.output, HasSubstr("0 confirmed, 1 failed\n"));
  EXPECT_THAT(fed.errors, HasSubstr("flights"));
  EXPECT_EQ(fed.exit_code, 1);
}

TEST_F(KafkaFlights, StartAndCheckTellAllThatLibrdkafkaRefusesInOneRun) {
  const std::filesystem::path file = folder_ / "wrong.yaml";
  std::ofstream{file} << "version: 1\n"
                         "backends:\n"
                         "  bus: { plugin: kafka, config: { bootstrap.servers: 'localhost:1', fetch.max.bites: 7 } }\n"
                         "listeners:\n"
                         "  board: { backend: bus, group: g, config: { acks: all } }\n";
  for (const bool check : {false, true}) {
    std::vector<std::string> line{FLIGHT_BOARD, "--config", file.string()};
    if (check) line.emplace_back("--check");
    const Finished finished = run(line);
    EXPECT_THAT(finished.errors, HasSubstr("wrong.yaml:3:69: backends.bus.config.fetch.max.bites: "));
    EXPECT_THAT(finished.errors, HasSubstr("wrong.yaml:5:46: listeners.board.config.acks: is a property of producers"));
    EXPECT_THAT(finished.errors, HasSubstr("2 errors"));
    EXPECT_EQ(finished.exit_code, 2);
  }
}

}  // namespace
}  // namespace flights
