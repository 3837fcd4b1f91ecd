#include <signal.h>

#include <regex>
#include <sstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class Emit : public CliTest {
 protected:
  std::vector<std::string> arguments(std::vector<std::string> more = {}, const std::string& backend_options = {}) const {
    std::vector<std::string> all{"emit", "--config", config(backend_options), "flights", "flight_departed", "--topic", "flights"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<std::string> sent() const {
    std::vector<std::string> lines;
    std::istringstream in{read("flights")};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
};

const std::string kTwo =
    "{\"aircraft\":{\"tail_number\":\"N1\"},\"delay_minutes\":2}\n{\"aircraft\":{\"tail_number\":\"N2\"},\"delay_minutes\": -3.10}\n";

TEST_F(Emit, WrapsBodiesInEnvelopesAndCountsThem) {
  const Finished finished = dispytch(arguments({"--key", "/aircraft/tail_number"}), kTwo);
  EXPECT_EQ(finished.output, "2 confirmed, 0 failed\n");
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
  ASSERT_EQ(sent().size(), 2u);
  const std::regex first{
      R"(N1		\{"id":"[0-9a-f-]{36}","type":"flight_departed","body":\{"aircraft":\{"tail_number":"N1"\},"delay_minutes":2\},"timestamp":[0-9]{13}\})"};
  EXPECT_TRUE(std::regex_match(sent()[0], first)) << sent()[0];
  EXPECT_THAT(sent()[1], HasSubstr(R"("delay_minutes":-3.10)"));  // numbers as they stand
}

TEST_F(Emit, TakesStringsAndIntegersAsKeysAndNullAsNone) {
  const Finished finished = dispytch(arguments({"--key", "/id"}), "{\"id\":\"a b\"}\n{\"id\":-7}\n{\"id\":null}\n{\"id\":\"\"}\n");
  EXPECT_EQ(finished.output, "4 confirmed, 0 failed\n");
  ASSERT_EQ(sent().size(), 4u);
  EXPECT_TRUE(sent()[0].starts_with("a b\t"));
  EXPECT_TRUE(sent()[1].starts_with("-7\t"));
  EXPECT_TRUE(sent()[2].starts_with("-\t"));
  EXPECT_TRUE(sent()[3].starts_with("\t"));
}

TEST_F(Emit, FindsKeysThatAreWrittenWithEscapes) {
  const std::vector<std::pair<std::string, std::string>> lines{{"/gr\xc3\xb6\xc3\x9f"
                                                                "e",
                                                                R"({"gr\u00f6\u00dfe":"a"})"},
                                                               {"/n", R"({"\u006e":"a"})"},
                                                               {"/a~1b", R"({"a\/b":"a"})"},
                                                               {"/m~0n", R"({"m~n":"a"})"},
                                                               {"/\"", R"({"\"":"a"})"},
                                                               {"/x/1/y", R"({"x":[0,{"\u0079":"\u0061"}]})"}};
  for (const auto& [pointer, line] : lines) {
    const Finished finished = dispytch(arguments({"--key", pointer}), line + "\n");
    EXPECT_EQ(finished.output, "1 confirmed, 0 failed\n") << pointer << ": " << finished.errors;
    EXPECT_TRUE(sent().back().starts_with("a\t")) << sent().back();
  }
}

TEST_F(Emit, RefusesABodyWithTwoEqualKeysWhichNoReaderTakes) {
  const Finished finished =
      dispytch(arguments({"--key", "/id"}), "{\"id\":\"a\",\"id\":\"b\"}\n{\"id\":\"c\",\"x\":[{\"y\":1,\"\\u0079\":2}]}\n");
  EXPECT_EQ(finished.output, "0 confirmed, 2 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("line 1, column 11: /id: expected each field once, found it a second time; readers refuse it\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 2, column 23: /x/0/y: expected each field once"));
}

TEST_F(Emit, ReadsAFileWithAByteOrderMark) {
  const Finished finished = dispytch(arguments(), "\xef\xbb\xbf{\"id\":1}\n\xef\xbb\xbf{\"id\":2}\n");
  EXPECT_EQ(finished.output, "2 confirmed, 0 failed\n") << finished.errors;
  EXPECT_THAT(sent()[0], HasSubstr("\"body\":{\"id\":1}"));
}

TEST_F(Emit, SaysThatAFileIsUtf16) {
  using namespace std::string_literals;
  for (const std::string& input : {"\xff\xfe{\0}\0\n\0"s, "\xfe\xff\0{\0}\0\n"s, "{\0}\0\n\0"s, "\0{\0}\0\n"s}) {
    const Finished finished = dispytch(arguments(), input);
    EXPECT_THAT(finished.errors, HasSubstr("line 1: expected UTF-8, found UTF-16 or UTF-32; convert it"));
    EXPECT_EQ(finished.exit_code, 2);
  }
}

TEST_F(Emit, ShowsWhatIsWrongThoughItIsInvisible) {
  const Finished finished = dispytch(arguments(), "{\"id\":\xe2\x80\x8b 1}\n{\"id\":\xff}\n");
  EXPECT_THAT(finished.errors, HasSubstr("line 1, column 7: no JSON from here on; expected a value, found `\\u200b`\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 2, column 7: no JSON from here on; expected a value, found `\\xff`\n"));
}

TEST_F(Emit, ReportsAsUtf8JsonWhateverTheTopicIs) {
  const Finished finished =
      dispytch({"emit", "--config", config(), "flights", "t\xff", "--topic", "t\xff", "--json"}, "{}\n{\"\xff\":1}\n");
  std::istringstream in{finished.output};
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));  // refuses what is no UTF-8
  ASSERT_GE(lines.size(), 2u) << finished.errors;
  EXPECT_TRUE(lines.back().contains("confirmed")) << "the summary is the last line";
}

TEST_F(Emit, SendsNumbersThatFitNoType) {
  const Finished finished = dispytch(arguments({"--key", "/k"}), "{\"k\":123456789012345678901234567890,\"x\":1e400}\n{\"x\":1e400}\n");
  EXPECT_EQ(finished.output, "1 confirmed, 1 failed\n") << finished.errors;
  EXPECT_THAT(sent()[0], HasSubstr("\"x\":1e400"));
  EXPECT_TRUE(sent()[0].starts_with("123456789012345678901234567890\t"));
  EXPECT_THAT(finished.errors, HasSubstr("line 2, column 1: no value at /k"));
}

TEST_F(Emit, SendsNoKeyWithoutAPointer) {
  dispytch(arguments(), "{\"id\":1}\n");
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_TRUE(sent()[0].starts_with("-\t"));
}

TEST_F(Emit, NamesBadLinesByNumberAndColumnAndEmitsTheRest) {
  const Finished finished =
      dispytch(arguments({"--key", "/id"}), "{\"id\":1}\n{\"id\":2,}\n\n{\"id\":3\n{\"x\":1}\n{\"id\":1.5}\n{\"id\":4} {}\n{\"id\":5}\n");
  EXPECT_EQ(finished.output, "2 confirmed, 5 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("line 2, column 9: "));
  EXPECT_THAT(finished.errors, HasSubstr("line 4, column 8: the line ends in the middle of its JSON\n"));
  EXPECT_THAT(finished.errors,
              HasSubstr("line 5, column 1: no value at /id, which is to be the key; write null there for an event without a key\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 6, column 1: /id is to be the key: expected a string, an integer or null\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 7, column 10: "));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(sent().size(), 2u);
}

TEST_F(Emit, CountsColumnsInCharacters) {
  const Finished finished = dispytch(arguments(), "{\"city\":\"Plze\xc5\x88\"]\n");
  EXPECT_THAT(finished.errors, HasSubstr("line 1, column 16: "));
}

TEST_F(Emit, ReadsAFileFromTheLineItIsTold) {
  const Finished finished = dispytch(arguments({"--input", write("lines", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}"), "--from-line", "2"}));
  EXPECT_EQ(finished.output, "2 confirmed, 0 failed\n");
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_THAT(sent()[0], HasSubstr("{\"n\":2}"));
}

TEST_F(Emit, SaysThatTheInputIsShorterThanTheLineToBeginWith) {
  const Finished finished = dispytch(arguments({"--from-line", "9"}), "{}\n{}\n");
  EXPECT_EQ(finished.errors, "dispytch: --from-line 9 is behind the end of the input, which has 2 lines\n");
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Emit, GoesOnAfterAMessageThatTheBrokerWouldNeverTake) {
  const Finished finished = dispytch(arguments({}, "too_big: huge"), "{\"n\":1}\n{\"n\":\"huge\"}\n{\"n\":3}\n");
  EXPECT_EQ(finished.output, "2 confirmed, 1 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("line 2: "));
  EXPECT_THAT(finished.errors, HasSubstr("the message is too big"));
  EXPECT_EQ(finished.errors.find("resume"), std::string::npos);
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, StopsWhereTheBrokerFailsAndSaysWhereToResume) {
  std::string lines;
  for (int i = 1; i <= 300'000; ++i) lines += i == 1000 ? "{\"n\":\"gone\"}\n" : "{\"n\":" + std::to_string(i) + "}\n";
  const Finished finished = dispytch(arguments({}, "unavailable: gone"), lines);
  EXPECT_THAT(finished.errors, HasSubstr("stopped at line 1000: "));
  EXPECT_THAT(finished.errors, HasSubstr("the broker went away"));
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 1000"));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_LT(sent().size(), 299'999u);  // at most the span behind the line that failed
}

TEST_F(Emit, ResumesAtALineThatNeverGotItsAnswer) {
  const Finished finished = dispytch(arguments({}, "unanswered: silent"), "{\"n\":1}\n{\"n\":\"silent\"}\n{\"n\":3}\n");
  EXPECT_EQ(finished.output, "2 confirmed, 1 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 2; 1 line behind it is confirmed and will be emitted again\n"));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, DrainsAndReportsWhenInterrupted) {
  Process process{command(arguments()), with_plugins()};
  process.write("{\"n\":1}\n{\"n\":2}\n");
  while (sent().size() < 2) std::this_thread::yield();
  process.signal(SIGINT);
  process.await_errors("interrupted");
  const Finished finished = process.finish();
  EXPECT_EQ(finished.output, "2 confirmed, 0 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 3\n"));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, EmitsEnvelopesWithTheirOwnIdTypeAndTime) {
  const Finished finished = dispytch({"emit", "--config", config(), "flights", "--topic", "flights", "--lines", "envelopes", "--key", "/k"},
                                     R"({"id":"7","type":"a","body":{"k":1},"timestamp":5})"
                                     "\n"
                                     R"({"body":{"k":2},"type":"b","more":[]})"
                                     "\n");
  EXPECT_EQ(finished.output, "2 confirmed, 0 failed\n") << finished.errors;
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_EQ(sent()[0],
            "1\t\t"
            R"({"id":"7","type":"a","body":{"k":1},"timestamp":5})");
  EXPECT_THAT(sent()[1], HasSubstr(R"("type":"b","body":{"k":2},"timestamp":)"));
}

TEST_F(Emit, NamesWhatAnEnvelopeLacks) {
  const Finished finished = dispytch(arguments({"--lines", "envelopes"}),
                                     "{\"type\":\"flight_departed\"}\n{\"body\":{}}\n[1]\n"
                                     "{\"body\":{},\"type\":\"other\"}\n{\"body\":{},\"type\":\"flight_departed\"} x\n");
  EXPECT_THAT(finished.errors,
              HasSubstr("line 1, column 1: expected an envelope, found an object without `body`; to emit bodies leave out --lines\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 2, column 1: expected an envelope, found an object without `type`\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 3, column 1: expected an envelope"));
  EXPECT_THAT(finished.errors,
              HasSubstr("line 4, column 1: /type: expected \"flight_departed\", as the command line says, found \"other\"\n"));
  EXPECT_THAT(finished.errors, HasSubstr("line 5, column 38: "));
  EXPECT_EQ(finished.output, "0 confirmed, 5 failed\n");
}

TEST_F(Emit, RefusesToWrapAnEnvelopeUnlessTold) {
  const std::string envelope = R"({"id":"7","type":"flight_departed","body":{},"timestamp":5})"
                               "\n";
  const Finished refused = dispytch(arguments(), envelope);
  EXPECT_EQ(refused.errors,
            "dispytch: line 1 is a whole envelope already; say --lines envelopes, or --lines bodies to wrap it in another\n");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(dispytch(arguments({"--lines", "bodies"}), envelope).output, "1 confirmed, 0 failed\n");
}

TEST_F(Emit, WritesTheWireFormOfTheTopic) {
  const std::string file =
      write("flat.yaml", "version: 1\nbackends:\n  bus:\n    plugin: replay\n    config: { folder: '" + folder().string() +
                             "' }\n    wire: { form: flat, type: { header: kind } }\nemitters:\n  flights: { backend: bus }\n");
  const Finished finished = dispytch({"emit", "--config", file, "flights", "flight_departed", "--topic", "flights"}, "{\"n\":1}\n");
  EXPECT_EQ(finished.output, "1 confirmed, 0 failed\n") << finished.errors;
  EXPECT_EQ(read("flights"), "-\tkind=flight_departed \t{\"n\":1}\n");
}

TEST_F(Emit, WritesTheWireFormOfThePatternThatTheTopicMatches) {
  write("user.42", "");
  const std::string file =
      write("pattern.yaml", "version: 1\nbackends:\n  bus:\n    plugin: replay\n    config: { folder: '" + folder().string() +
                                "' }\n    topics: { 'user.{id}': { wire: { form: flat, type: { header: kind } } } }\nemitters:\n"
                                "  flights: { backend: bus }\n");
  const Finished finished = dispytch({"emit", "--config", file, "flights", "flight_departed", "--topic", "user.42"}, "{\"n\":1}\n");
  EXPECT_EQ(finished.output, "1 confirmed, 0 failed\n") << finished.errors;
  EXPECT_EQ(read("user.42"), "-\tkind=flight_departed \t{\"n\":1}\n");
}

TEST_F(Emit, ReportsAsJsonLines) {
  const Finished finished = dispytch(arguments({"--json"}, "unanswered: silent"), "{\"n\":1}\nx\n{\"n\":\"silent\"}\n");
  std::istringstream lines{finished.output};
  std::string line;
  std::getline(lines, line);
  const auto problem = nlohmann::json::parse(line);
  EXPECT_EQ(problem.at("line"), 2);
  EXPECT_EQ(problem.at("column"), 1);
  EXPECT_TRUE(problem.at("error").is_string());
  std::getline(lines, line);
  const auto summary = nlohmann::json::parse(line);
  EXPECT_EQ(summary.at("confirmed"), 1);
  EXPECT_EQ(summary.at("failed"), 2);
  EXPECT_EQ(summary.at("resume_from_line"), 3);
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, ShowsProgressOnATerminalAlone) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "{}\n";
  const Finished finished =
      dispytch(arguments({"--input", write("lines", lines)}), {}, {.environment = {{"TERM", "xterm"}}, .terminal = true});
  EXPECT_THAT(finished.output, HasSubstr("confirmed, 0 failed, "));
  EXPECT_THAT(finished.output, EndsWith("1000 confirmed, 0 failed\r\n"));
}

TEST_F(Emit, RefusesAnEmitterThatIsNotThere) {
  const Finished finished = dispytch({"emit", "--config", config(), "flihgts", "t", "--topic", "flights"});
  EXPECT_EQ(finished.errors, "dispytch: no emitter `flihgts` in " + (folder() / "config.yaml").string() + "; there is: flights\n");
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Emit, RefusesBodiesWithoutAType) {
  const Finished finished = dispytch({"emit", "--config", config(), "flights", "--topic", "flights"});
  EXPECT_THAT(finished.errors, HasSubstr("TYPE is missing"));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Emit, RefusesAKeyThatIsNoPointer) {
  const Finished finished = dispytch(arguments({"--key", "aircraft"}), "{}\n");
  EXPECT_THAT(finished.errors,
              HasSubstr("--key: expected a JSON pointer into the body, such as /aircraft/tail_number, found \"aircraft\""));
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Emit, StopsAtATopicThatIsNotThere) {
  const Finished finished = dispytch({"emit", "--config", config(), "flights", "t", "--topic", "fligths"}, "{}\n");
  EXPECT_THAT(finished.errors, HasSubstr("stopped at line 1: "));
  EXPECT_THAT(finished.errors, HasSubstr("no such topic"));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, FailsWhereTheInputCannotBeRead) {
  const Finished finished = dispytch(arguments({"--input", "/nowhere/lines"}));
  EXPECT_EQ(finished.errors, "dispytch: /nowhere/lines: No such file or directory\n");
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, FailsWhereTheCountCannotBeWritten) {
  std::vector<std::string> command{"sh", "-c", "exec \"$0\" \"$@\" >/dev/full", DISPYTCH_CLI};
  for (const std::string& argument : arguments()) command.push_back(argument);
  const Finished finished = run(command, "{}\n", with_plugins());
  EXPECT_EQ(finished.errors, "dispytch: standard output can't be written: No space left on device\n");
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Emit, TakesTheConfigFileFromTheEnvironment) {
  const Finished finished =
      dispytch({"emit", "flights", "t", "--topic", "flights"}, "{}\n", {.environment = {{"DISPYTCH_CONFIG", config()}}});
  EXPECT_EQ(finished.output, "1 confirmed, 0 failed\n") << finished.errors;
}

TEST_F(Emit, PrintsTheMistakesOfTheConfigFile) {
  const Finished finished =
      dispytch({"emit", "--config", write("bad.yaml", "version: 1\nbackend: {}\n"), "flights", "t", "--topic", "flights"});
  EXPECT_THAT(finished.errors, HasSubstr("bad.yaml:2:1: backend: "));
  EXPECT_THAT(finished.errors, EndsWith("1 error\n"));
  EXPECT_EQ(finished.exit_code, 2);
}

}  // namespace
}  // namespace dispytch::testing
