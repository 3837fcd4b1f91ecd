// The program as its users meet it.
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::conformance {
namespace {

using ::testing::HasSubstr;
using Finished = dispytch::testing::Finished;

Finished run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), DISPYTCH_CONFORMANCE_PROGRAM);
  return dispytch::testing::run(std::move(arguments));
}

const std::string kEcho = std::string{DISPYTCH_ABI_LIBRARIES} + "/echo_c.so";
const std::string kEchoConfig = std::string{DISPYTCH_CONFORMANCE_FOLDER} + "/echo.yaml";

const std::string kMemory = DISPYTCH_MEMORY_PLUGIN;
const std::string kMemoryConfig = std::string{DISPYTCH_CONFORMANCE_FOLDER} + "/memory.yaml";

class EchoTest : public ::testing::TestWithParam<std::string> {};

// The same in the present version of the border and in 1.0, whose frozen header a plugin is built with: a later kit holds it to nothing
// more.
TEST_P(EchoTest, LacksTheSameInEachVersion) {
  const Finished result = run({GetParam(), "--json", "--config", kEchoConfig});
  EXPECT_EQ(result.exit_code, 1);
  const nlohmann::json findings = nlohmann::json::parse(result.output);
  std::set<std::string> failed;
  for (const nlohmann::json& rule : findings["rules"]) {
    if (rule["verdict"] == "failed") failed.insert(rule["name"]);
  }
  // It is a sample of the border, not a broker: it knows no redelivery, no bytes, no delay, one topic, and takes any text for a config.
  EXPECT_EQ(failed, (std::set<std::string>{"table.has_a_schema", "open.capabilities_are_a_subset", "open.refuses_a_wrong_config",
                                           "open.refuses_broken_json", "size.errors_are_filled", "size.errors_stay_within_their_size",
                                           "size.longer_settlements", "message.sources_were_assigned", "poll.honours_max_bytes",
                                           "poll.notify_tells_of_messages", "settle.unsettled_comes_again", "settle.each_is_done",
                                           "settle.settled_tokens_are_fenced", "settle.stale_tokens_are_skipped",
                                           "settle.requeue_delivers_again", "settle.requeue_holds_nothing_back", "settle.requeue_waits"}));
  EXPECT_EQ(findings["failed"], failed.size());
}

INSTANTIATE_TEST_SUITE_P(Program, EchoTest, ::testing::Values(kEcho, std::string{DISPYTCH_ABI_LIBRARIES} + "/echo_v1.so"),
                         [](const auto& test) { return test.index == 0 ? "Present" : "VersionOne"; });

TEST(Program, TriesOneRuleAlone) {
  const Finished result = run({kEcho, "--rule", "table.is_complete", "--rule", "table.has_a_name", "--config", kEchoConfig});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("2 passed, 0 failed, 0 not claimed, 0 not tried\n"));
}

TEST(Program, SaysWhatFailedAndWhy) {
  const Finished result = run({kEcho, "--rule", "poll.honours_max_bytes", "--config", kEchoConfig});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("  FAILED       poll.honours_max_bytes\n"
                                       "               A batch has at most max_bytes of keys and payloads; its first message always fits.\n"
                                       "               poll(max_bytes = 2500) gave 20 messages of 20"));
}

TEST(Program, WithoutAConfigTriesWhatNeedsNoBrokerAndSaysWhatTheRestNeeds) {
  const Finished result = run({kMemory});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("  passed       table.is_complete\n"));
  EXPECT_THAT(result.output, HasSubstr("  passed       open.refuses_broken_json\n"));
  EXPECT_THAT(result.output, ::testing::Not(HasSubstr("FAILED")));
  EXPECT_THAT(result.output, HasSubstr("were not tried: they need a broker, and a file that says how to reach it, by --config FILE"));
  EXPECT_THAT(result.output, HasSubstr("\ntopic: dispytch-conformance\n"));
}

TEST(Program, PrintsAnExampleOfAConfigThatItTakes) {
  const Finished example = run({kMemory, "--example-config"});
  EXPECT_EQ(example.exit_code, 0);
  const dispytch::testing::TemporaryFolder folder;
  const std::string file = folder.path() / "memory.yaml";
  std::ofstream{file} << example.output;
  const Finished result = run({kMemory, "--config", file, "--rules", "message.payload*"});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output, HasSubstr("  passed       message.payload_keeps_its_bytes\n"));
}

TEST(Program, TriesAPartByAPatternAndSeveralAtATime) {
  const dispytch::testing::TemporaryFolder folder;
  const std::string xml = folder.path() / "result.xml";
  const Finished result = run(
      {kMemory, "--config", kMemoryConfig, "--rules", "table.*", "--rules", "poll.honours*", "--jobs", "3", "--progress", "--junit", xml});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  EXPECT_THAT(result.output, HasSubstr("7 passed, 0 failed, 0 not claimed, 0 not tried\n"));
  EXPECT_LT(result.output.find("table.knows_its_extensions"), result.output.find("poll.honours_max_messages"))
      << "they are told in their order";
  EXPECT_THAT(result.errors, HasSubstr("7 of 7 rules"));
  std::ifstream in{xml};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_THAT(text, HasSubstr("<testsuite name=\"poll\" tests=\"2\" failures=\"0\" skipped=\"0\">"));
}

TEST(Program, SaysInOneSentenceThatATopicIsMissing) {
  const dispytch::testing::TemporaryFolder folder;
  const std::string file = folder.path() / "memory.yaml";
  std::ofstream{file} << "config: { auto_create: false, topics: { there: {} } }\ntopic: elsewhere\n";
  const Finished result = run({kMemory, "--config", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.errors,
            "dispytch-conformance: no rule was tried, as the topic `elsewhere` doesn't exist at the broker: create it, or name one that "
            "exists as "
            "`topic` in the kit's config or by --topic\n");
}

TEST(Program, SaysInOneSentenceThatTheNetworkIsNotUsed) {
  const dispytch::testing::TemporaryFolder folder;
  const std::string file = folder.path() / "memory.yaml";
  std::ofstream{file} << "network: [ { upstream: 127.0.0.1:1, listen: 127.0.0.1:2 } ]\n";
  const Finished result = run({kMemory, "--config", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, HasSubstr("`network` listens at 127.0.0.1:2, and nothing in `config` names that address"));
}

TEST(Program, CountsAndNamesTheRulesThatNeedANetworkWhereThereIsNone) {
  const Finished result = run({kMemory, "--config", kMemoryConfig, "--rules", "cut.*"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("0 passed, 0 failed, 0 not claimed, 6 not tried\nnot tried: cut.consumer_goes_on "));
}

TEST(Program, RunsOneRuleAtATimeWhereTheyWouldReadEachOthersMessages) {
  const Finished result = run({kEcho, "--config", kEchoConfig, "--rules", "message.payload*", "--jobs", "2"});
  EXPECT_THAT(result.errors, HasSubstr("one rule at a time: the backend has no groups"));
}

TEST(Program, LeavesSlowRulesOut) {
  const Finished result = run({kMemory, "--config", kMemoryConfig, "--rules", "group.members_come*", "--skip-slow"});
  EXPECT_THAT(result.output, HasSubstr("it may be slow, and --skip-slow was given"));
}

TEST(Program, DescribesTheKeysOfItsConfig) {
  const Finished result = run({"--help-config"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("missing_topic  (string; default: dispytch-conformance-missing)\n    A topic that doesn't exist; "
                                       "empty where every topic does.\n"));
}

TEST(Program, EndsWithTwoForWrongUsage) {
  const Finished rule = run({kEcho, "--rule", "table.is_compleat"});
  EXPECT_EQ(rule.exit_code, 2);
  EXPECT_THAT(rule.errors, HasSubstr("no rule `table.is_compleat`"));
  EXPECT_EQ(run({}).exit_code, 2);
  EXPECT_EQ(run({"--no-such-option"}).exit_code, 2);
  const Finished plugin = run({"/no/such/plugin.so"});
  EXPECT_EQ(plugin.exit_code, 2);
  EXPECT_THAT(plugin.errors, HasSubstr("/no/such/plugin.so"));
}

TEST(Program, ListsTheRules) {
  const Finished text = run({"--list"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.output, HasSubstr("poll.honours_max_messages\n    A batch has at most max_messages messages.\n"));
  const nlohmann::json rules = nlohmann::json::parse(run({"--list", "--json"}).output);
  EXPECT_GT(rules.size(), 70u);
  EXPECT_TRUE(rules[0].contains("text"));
}

}  // namespace
}  // namespace dispytch::conformance
