#include <signal.h>

#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;

class Tail : public CliTest {
 protected:
  std::vector<std::string> arguments(std::vector<std::string> more = {}, const std::string& listener = "board") const {
    std::vector<std::string> all{"tail", "--config", config(), listener};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void receive(std::string_view key, std::string_view payload) const {
    std::ofstream{folder() / "flights", std::ios::app} << key << "\t\t" << payload << '\n';
  }
  void receive_two() const {
    receive("N14228", R"({"id":"a","type":"flight_departed","body":{"carrier":"UA","delay_minutes":2},"timestamp":1})");
    receive("-", R"({"id":"b","type":"flight_cancelled","body":{"carrier":"AA"},"timestamp":2})");
  }
};

TEST_F(Tail, WritesEachMessageInTheFormat) {
  receive_two();
  const Finished finished = dispytch(arguments({"--from", "earliest", "--count", "2", "--format", "{type} {key} {body.delay_minutes}"}));
  EXPECT_EQ(finished.output, "flight_departed N14228 2\nflight_cancelled - -\n");
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Tail, WritesWhereAndWhatByDefault) {
  receive_two();
  const Finished finished = dispytch(arguments({"--from", "earliest", "--count", "1"}));
  EXPECT_EQ(finished.output, "2013-01-01T00:00:00Z flights 0:0 N14228 flight_departed {\"carrier\":\"UA\",\"delay_minutes\":2}\n");
}

TEST_F(Tail, WritesJsonObjects) {
  receive_two();
  const Finished finished = dispytch(arguments({"--from", "earliest", "--count", "1", "--json"}));
  EXPECT_EQ(nlohmann::json::parse(finished.output), nlohmann::json::parse(R"({
    "topic": "flights", "partition": 0, "offset": 0, "timestamp": "2013-01-01T00:00:00Z", "key": "N14228", "headers": [],
    "id": "a", "type": "flight_departed", "body": {"carrier": "UA", "delay_minutes": 2}})"));
}

TEST_F(Tail, FollowsWhatComesAfterItsStartUntilInterrupted) {
  receive_two();
  Process process{command(arguments({"--format", "{id}"})), with_plugins()};
  while (read("groups").empty()) std::this_thread::yield();  // written once the start is fixed
  receive("-", R"({"id":"c","type":"t","body":{}})");
  process.await_output("c\n");
  receive("-", R"({"id":"d","type":"t","body":{}})");
  process.await_output("d\n");
  process.signal(SIGINT);
  const Finished finished = process.finish();
  EXPECT_EQ(finished.output, "c\nd\n");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Tail, ReadsInAGroupOfItsOwnAndSettlesNothing) {
  receive_two();
  dispytch(arguments({"--from", "earliest", "--count", "2"}));
  EXPECT_TRUE(std::regex_match(read("groups"), std::regex{"dispytch-tail-[0-9a-f-]{36} earliest\n"})) << read("groups");
  EXPECT_EQ(read("settled"), "");
}

TEST_F(Tail, ShowsWhatIsNoEvent) {
  receive("k", "not json");
  const Finished finished = dispytch(arguments({"--from", "earliest", "--count", "1", "--format", "{key} {type} {payload}"}));
  EXPECT_EQ(finished.output, "k - not json\n");
}

TEST_F(Tail, EscapesControlCharacters) {
  receive("k", "\x1b[2J");
  EXPECT_EQ(dispytch(arguments({"--from", "earliest", "--count", "1", "--format", "{payload}"})).output, "\\x1b[2J\n");
}

TEST_F(Tail, RefusesATopicThatIsNoUtf8) {
  const Finished finished = dispytch(arguments({"--topic", "t\xff"}));
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.errors, HasSubstr("--topic: expected UTF-8, found t\\xff\n"));
}

TEST_F(Tail, FollowsTheTopicsOfTheCommandLineWhereTheListenerNamesNone) {
  receive_two();
  const Finished refused = dispytch(arguments({"--from", "earliest"}, "open"));
  EXPECT_EQ(refused.errors, "dispytch: listener `open` of " + (folder() / "config.yaml").string() +
                                " names no topics, and those of its handlers are known to the application alone; say them: --topic NAME\n");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(dispytch(arguments({"--topic", "flights", "--from", "earliest", "--count", "1", "--format", "{id}"}, "open")).output, "a\n");
}

TEST_F(Tail, SaysThatATopicIsNotThere) {
  const Finished finished = dispytch(arguments({"--topic", "fligths"}));
  EXPECT_THAT(finished.errors, HasSubstr("no topic `fligths`"));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Tail, SaysWhyStandardOutputCannotBeWritten) {
  receive_two();
  const Finished finished =
      run({"sh", "-c", "exec \"$0\" \"$@\" >/dev/full", DISPYTCH_CLI, "tail", "--config", config(), "board", "--from", "earliest"}, {},
          with_plugins());
  EXPECT_EQ(finished.errors, "dispytch: standard output can't be written: No space left on device\n");
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Tail, RefusesAWrongFormatBeforeItOpensAnything) {
  const Finished finished = dispytch(arguments({"--format", "{kee}"}));
  EXPECT_THAT(finished.errors, HasSubstr("--format: no placeholder {kee}; there are: "));
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(read("groups"), "");
}

TEST_F(Tail, RefusesAFormatBesideJson) {
  const Finished finished = dispytch(arguments({"--json", "--format", "{key}"}));
  EXPECT_THAT(finished.errors, HasSubstr("--format excludes --json"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Tail, RefusesAListenerThatIsNotThere) {
  const Finished finished = dispytch(arguments({}, "baord"));
  EXPECT_EQ(finished.errors, "dispytch: no listener `baord` in " + (folder() / "config.yaml").string() + "; there are: board, open\n");
  EXPECT_EQ(finished.exit_code, 2);
}

}  // namespace
}  // namespace dispytch::testing
