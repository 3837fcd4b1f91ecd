// The program as its users meet it.
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/process.hpp"

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

TEST(Program, FindsAllThatTheEchoInC99Lacks) {
  const Finished result = run({kEcho, "--json", "--config", kEchoConfig});
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

TEST(Program, TriesOneRuleAlone) {
  const Finished result = run({kEcho, "--rule", "table.is_complete", "--rule", "table.has_a_name", "--config", kEchoConfig});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("2 passed, 0 failed, 0 not claimed\n"));
}

TEST(Program, SaysWhatFailedAndWhy) {
  const Finished result = run({kEcho, "--rule", "poll.honours_max_bytes", "--config", kEchoConfig});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("  FAILED       poll.honours_max_bytes\n"
                                       "               A batch has at most max_bytes of keys and payloads; its first message always fits.\n"
                                       "               poll(max_bytes = 2500) gave 20 messages of 20"));
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
