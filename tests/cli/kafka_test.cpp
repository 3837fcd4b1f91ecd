// The command line over a real Kafka.
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;

class KafkaCli : public CliTest {
 protected:
  KafkaCli() { topics_.create(topic_, 3); }
  ~KafkaCli() override { topics_.remove(topic_); }

  std::vector<std::string> emit(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"emit", "--config", config_, "flights", "flight_departed", "--topic", topic_, "--key", "/tail"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<std::string> tail(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"tail", "--config", config_, "board"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string kcat(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"kcat", "-q", "-b", kafka_address(), "-X", "auto.offset.reset=earliest"});
    return run(arguments).output;
  }
  static std::string bodies(int count) {
    std::string lines;
    for (int i = 1; i <= count; ++i) lines += "{\"tail\":\"N" + std::to_string(i % 7) + "\",\"n\":" + std::to_string(i) + "}\n";
    return lines;
  }

  KafkaTopics topics_{kafka_address()};
  std::string topic_ = folder().filename();
  std::string config_ = write("kafka.yaml",
                              "version: 1\n"
                              "backends:\n"
                              "  bus: { plugin: kafka, config: { bootstrap.servers: \"" +
                                  kafka_address() +
                                  "\" } }\n"
                                  "emitters:\n"
                                  "  flights: { backend: bus, timeout: 10s }\n"
                                  "listeners:\n"
                                  "  board: { backend: bus, group: board-" +
                                  topic_ + ", topics: [" + topic_ + "] }\n");
};

TEST_F(KafkaCli, KcatReadsWhatEmitWroteInTheOrderOfEachKey) {
  const Finished emitted = dispytch(emit(), bodies(5000));
  EXPECT_EQ(emitted.output, "5000 confirmed, 0 failed\n") << emitted.errors;
  std::map<std::string, std::vector<int>> read, expected;
  for (int i = 1; i <= 5000; ++i) expected["N" + std::to_string(i % 7)].push_back(i);
  std::istringstream lines{kcat({"-C", "-e", "-t", topic_, "-f", "%k %s\n"})};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    read[line.substr(0, space)].push_back(nlohmann::json::parse(line.substr(space + 1)).at("body").at("n"));
  }
  EXPECT_EQ(read, expected);
}

TEST_F(KafkaCli, TailFollowsWithoutMovingTheApplicationsGroup) {
  dispytch(emit(), bodies(20));
  const Finished tailed = dispytch(tail({"--from", "earliest", "--count", "20", "--format", "{type} {key} {body.n}"}));
  EXPECT_EQ(std::count(tailed.output.begin(), tailed.output.end(), '\n'), 20) << tailed.errors;
  EXPECT_THAT(tailed.output, HasSubstr("flight_departed N3 10\n"));
  // The application's group, which has read nothing yet, is given everything.
  const std::string seen = kcat({"-e", "-f", "%s\n", "-G", "board-" + topic_, topic_});
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), 20);
}

TEST_F(KafkaCli, TailShowsWhatComesWhileItRuns) {
  Process tailing{command(tail({"--format", "{body.n} {partition}"})), with_plugins()};
  // It begins at the end of the topic once it is assigned, of which nothing tells; so emit until it shows something.
  int emitted = 0;
  while (true) {
    dispytch(emit(), "{\"tail\":\"N1\",\"n\":" + std::to_string(++emitted) + "}\n");
    if (tailing.has_output()) break;
    ASSERT_LT(emitted, 600);
  }
  tailing.signal(SIGINT);
  const Finished finished = tailing.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
}

TEST_F(KafkaCli, EmitSaysThatTheTopicIsMissing) {
  const Finished finished = dispytch({"emit", "--config", config_, "flights", "t", "--topic", topic_ + "-missing"}, "{}\n");
  EXPECT_THAT(finished.errors, HasSubstr(topic_ + "-missing"));
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 1\n"));
  EXPECT_EQ(finished.output, "0 confirmed, 1 failed\n");
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(KafkaCli, TailSaysThatTheTopicIsMissing) {
  const Finished finished = dispytch({"tail", "--config", config_, "board", "--topic", topic_ + "-missing"});
  EXPECT_THAT(finished.errors, HasSubstr(topic_ + "-missing"));
  EXPECT_EQ(finished.exit_code, 1);
}

// What the schema refuses and what librdkafka does, of the backend and of those that use it.
TEST_F(KafkaCli, CheckTellsEveryMistakeInOneRun) {
  const std::string file = write("wrong.yaml",
                                 "version: 1\n"
                                 "backends:\n"
                                 "  bus:\n"
                                 "    plugin: kafka\n"
                                 "    config:\n"
                                 "      bootstrap.servers: localhost:1\n"
                                 "      linger.ms: soon\n"
                                 "      fetch.max.bites: 7\n"
                                 "      debug: everything\n"
                                 "emitters:\n"
                                 "  flights: { backend: bus, config: { queue.buffering.max.kbites: 5 } }\n"
                                 "listeners:\n"
                                 "  board: { backend: bus, group: g, strat: latest, config: { acks: all } }\n");
  const Finished finished = dispytch({"check", file});
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:7:18: backends.bus.config.linger.ms: expected a duration"));
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:8:7: backends.bus.config.fetch.max.bites: librdkafka "));
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:9:7: backends.bus.config.debug: "));
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:11:38: emitters.flights.config.queue.buffering.max.kbites: librdkafka "));
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:13:36: listeners.board.strat: unknown key; did you mean `start`?"));
  EXPECT_THAT(finished.output, HasSubstr("wrong.yaml:13:61: listeners.board.config.acks: is a property of producers"));
  EXPECT_THAT(finished.output, ::testing::EndsWith("\n6 errors\n"));
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(KafkaCli, CheckWaitsForNoBroker) {
  const Finished finished = dispytch({"check", write("away.yaml",
                                                     "version: 1\n"
                                                     "backends:\n"
                                                     "  bus: { plugin: kafka, config: { bootstrap.servers: 'localhost:1' } }\n"
                                                     "emitters:\n"
                                                     "  flights: { backend: bus }\n"
                                                     "listeners:\n"
                                                     "  board: { backend: bus, group: g, topics: [flights] }\n")});
  EXPECT_THAT(finished.output, HasSubstr("away.yaml: no mistakes found\n"));
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(KafkaCli, CheckAndEmitNameAWrongPropertyAtItsPlace) {
  const std::string file = write("wrong.yaml",
                                 "version: 1\n"
                                 "backends:\n"
                                 "  bus:\n"
                                 "    plugin: kafka\n"
                                 "    config:\n"
                                 "      bootstrap.servers: " +
                                     kafka_address() +
                                     "\n"
                                     "      fetch.max.bites: 7\n"
                                     "emitters:\n"
                                     "  flights: { backend: bus }\n");
  const Finished finished = dispytch({"emit", "--config", file, "flights", "t", "--topic", topic_}, "{}\n");
  EXPECT_THAT(finished.errors, HasSubstr("wrong.yaml:7:7: backends.bus.config.fetch.max.bites"));
  EXPECT_EQ(finished.exit_code, 2);
  const Finished checked = dispytch({"check", file});
  EXPECT_THAT(checked.output, HasSubstr("wrong.yaml:7:7: backends.bus.config.fetch.max.bites"));
  EXPECT_EQ(checked.exit_code, 2);
}

// ---- groups, from outside ----

TEST_F(KafkaCli, ALookLeavesNoGroupBehind) {
  dispytch(emit(), bodies(3));
  dispytch(tail({"--from", "earliest", "--count", "3"}));
  const Finished listed = dispytch({"groups", "list", "--config", config_});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_THAT(listed.output, ::testing::Not(HasSubstr("dispytch-tail-")));
}

TEST_F(KafkaCli, PositionsAreShownAndResetByOffsetTimeAndEnd) {
  dispytch(emit(), bodies(50));
  const auto positions = [&](const std::string& command, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"positions", command, "--config", config_, "board", "--json"});
    const Finished finished = dispytch(more);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    return nlohmann::json::parse(finished.output);
  };
  EXPECT_EQ(dispytch({"positions", "show", "--config", config_, "board"}).exit_code, 1) << "there is no such group yet";
  std::int64_t all = 0;
  for (const auto& row : positions("reset", {"--to", "latest"})) all += row.at("position").get<std::int64_t>();
  EXPECT_EQ(all, 50);
  EXPECT_EQ(dispytch({"positions", "show", "--config", config_, "board"}).exit_code, 1) << "nothing was moved";
  positions("reset", {"--to", "latest", "--yes"});
  for (const auto& row : positions("show")) EXPECT_EQ(row.at("position"), row.at("end"));
  EXPECT_EQ(kcat({"-e", "-f", "%s\n", "-G", "board-" + topic_, topic_}), "") << "the group has it so";
  positions("reset", {"--to", "1", "--topic", topic_, "--partition", "0", "--yes"});
  EXPECT_EQ(positions("show").at(0).at("position"), 1);
  positions("reset", {"--to", "1h", "--yes"});
  for (const auto& row : positions("show")) EXPECT_EQ(row.at("position"), 0) << "all is younger than an hour";
  const std::string seen = kcat({"-e", "-f", "%s\n", "-G", "board-" + topic_, topic_});
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), 50);
}

TEST_F(KafkaCli, AGroupWithMembersIsNotMovedAndOneWithoutIsForgotten) {
  dispytch(emit(), bodies(5));
  const std::string group = "board-" + topic_;
  {
    Process member{{"kcat", "-q", "-b", kafka_address(), "-X", "auto.offset.reset=earliest", "-u", "-G", group, topic_}, {}};
    member.await_output("\n");
    const Finished refused = dispytch({"positions", "reset", "--config", config_, "board", "--to", "latest", "--yes"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.errors, HasSubstr("has 1 member, `rdkafka` at "));
    EXPECT_THAT(dispytch({"groups", "list", "--config", config_}).output, ::testing::ContainsRegex(group + " +1 "));
    member.signal(SIGTERM);
    member.finish();
  }
  EXPECT_EQ(dispytch({"groups", "forget", "--config", config_, group, "--yes"}).exit_code, 0);
  EXPECT_THAT(dispytch({"groups", "list", "--config", config_}).output, ::testing::Not(HasSubstr(group)));
  EXPECT_EQ(dispytch({"groups", "forget", "--config", config_, group, "--yes"}).exit_code, 1);
}

TEST_F(KafkaCli, DeclareMakesWhatIsMissing) {
  const std::string missing = topic_ + ".declared";
  const std::string file =
      write("declare.yaml", "version: 1\nbackends: { bus: { plugin: kafka, config: { bootstrap.servers: \"" + kafka_address() +
                                "\" } } }\nlisteners: { board: { backend: bus, group: g, topics: [" + topic_ + ", " + missing + "] } }\n");
  const Finished looked = dispytch({"declare", file, "--dry-run"});
  EXPECT_EQ(looked.exit_code, 1);
  EXPECT_THAT(looked.output, HasSubstr("bus: missing: topic `" + missing + "`"));
  EXPECT_THAT(looked.output, ::testing::Not(HasSubstr("topic `" + topic_ + "`")));
  EXPECT_EQ(dispytch({"declare", file, "--dry-run"}).output, looked.output);
  const Finished made = dispytch({"declare", file});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_THAT(made.output, HasSubstr("bus: made: topic `" + missing + "`"));
  EXPECT_EQ(dispytch({"declare", file}).output, "nothing is missing\n");
  topics_.remove(missing);
}

}  // namespace
}  // namespace dispytch::testing
