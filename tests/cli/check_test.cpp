#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Check : public CliTest {
 protected:
  std::string bad() const {
    return write("bad.yaml",
                 "version: 1\n"
                 "backends:\n"
                 "  bus: { plugin: replay, config: { folder: /tmp } }\n"
                 "listeners:\n"
                 "  board:\n"
                 "    backend: bsu\n"
                 "    gruop: flight-board\n");
  }
};

TEST_F(Check, FindsNoMistakesInAGoodFile) {
  const Finished finished = dispytch({"check", config()});
  EXPECT_EQ(finished.output, (folder() / "config.yaml").string() + ": no mistakes found\n");
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Check, NamesEveryMistakeAtItsPlaceInOneRun) {
  const std::string file = bad();
  const Finished finished = dispytch({"check", file});
  EXPECT_THAT(finished.output, StartsWith(file + ":6:14: listeners.board.backend: no backend `bsu`; "));
  EXPECT_THAT(finished.output, EndsWith("\n" + file + ":7:5: listeners.board.gruop: unknown key; did you mean `group`?\n2 errors\n"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Check, AsksThePluginsOwnSchema) {
  const Finished finished = dispytch({"check", config("linger: 5parsecs")});
  EXPECT_THAT(finished.output, HasSubstr("backends.bus.config.linger: "));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Check, TakesSeveralFiles) {
  const Finished finished = dispytch({"check", config(), bad()});
  EXPECT_THAT(finished.output, HasSubstr("config.yaml: no mistakes found\n"));
  EXPECT_THAT(finished.output, HasSubstr("2 errors\n"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Check, ReportsAsUtf8JsonWhateverTheFileIsCalled) {
  const std::string file = write("wrong\xff\x1b.yaml", "version: \"\\x9b\"\n");
  const Finished finished = dispytch({"check", "--json", file, "/\xff"});
  std::istringstream in{finished.output};
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    EXPECT_THAT(nlohmann::json::parse(line).at("file").get<std::string>(), HasSubstr("\\xff"));
    EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos) << line;
  }
  EXPECT_EQ(lines, 2u) << finished.errors;
  const Finished text = dispytch({"check", file});
  EXPECT_THAT(text.output, HasSubstr("wrong\\xff\\x1b.yaml:1:10: "));
  EXPECT_EQ(text.output.find_first_of("\x1b\x9b\xff"), std::string::npos) << text.output;
}

TEST_F(Check, ReportsAsJson) {
  const std::string file = bad();
  const auto report = nlohmann::json::parse(dispytch({"check", "--json", file}).output);
  EXPECT_EQ(report.at("file"), file);
  ASSERT_EQ(report.at("problems").size(), 2u);
  const auto& problem = report.at("problems").at(1);
  EXPECT_EQ(problem.at("file"), file);
  EXPECT_EQ(problem.at("line"), 7);
  EXPECT_EQ(problem.at("column"), 5);
  EXPECT_EQ(problem.at("path"), "listeners.board.gruop");
  EXPECT_EQ(problem.at("text"), "unknown key; did you mean `group`?");
}

TEST_F(Check, SaysThatAFileIsNotThere) {
  const Finished finished = dispytch({"check", "/nowhere/config.yaml"});
  EXPECT_THAT(finished.output, HasSubstr("/nowhere/config.yaml"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Check, SurvivesAPluginThatIsNoLibrary) {
  const std::string plugin = write("broken.so", "no library");
  const Finished finished = dispytch({"check", write("c.yaml", "version: 1\nbackends:\n  bus: { plugin: " + plugin + " }\n")});
  EXPECT_THAT(finished.output, HasSubstr("c.yaml:3:"));
  EXPECT_THAT(finished.output, HasSubstr("broken.so"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Check, ColoursOnATerminalUnlessNoColorIsSet) {
  const std::string file = bad();
  EXPECT_THAT(dispytch({"check", file}, {}, {.environment = {{"TERM", "xterm"}}, .terminal = true}).output,
              HasSubstr("\x1b[31m2 errors\x1b[0m"));
  EXPECT_THAT(dispytch({"check", file}, {}, {.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}}, .terminal = true}).output,
              HasSubstr("\n2 errors\r\n"));
  EXPECT_THAT(dispytch({"check", file}, {}, {.environment = {{"TERM", "dumb"}}, .terminal = true}).output, HasSubstr("\n2 errors\r\n"));
}

}  // namespace
}  // namespace dispytch::testing
