// Parts of the kit that no rule shows.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/commands.hpp"
#include "kit/findings.hpp"
#include "kit/isolate.hpp"
#include "kit/keys.hpp"
#include "kit/network.hpp"
#include "kit/options.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"
#include "kit/side_by_side.hpp"

namespace dispytch::conformance {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds kLong{60};

TEST(TryInChild, PassesTheVerdictOn) {
  const Verdict verdict = try_in_child([] { return Verdict{Verdict::Kind::not_claimed, "why\nnot"}; }, kLong);
  EXPECT_EQ(verdict.kind, Verdict::Kind::not_claimed);
  EXPECT_EQ(verdict.why, "why\nnot");
}

TEST(TryInChild, ACrashFailsTheRuleAlone) {
  const Verdict verdict = try_in_child(
      []() -> Verdict {
        std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would write a report instead
        std::raise(SIGSEGV);
        return {};
      },
      kLong);
  EXPECT_EQ(verdict.kind, Verdict::Kind::failed);
  EXPECT_THAT(verdict.why, HasSubstr("Segmentation fault"));
}

TEST(TryInChild, AnExitFailsTheRuleAlone) {
  const Verdict verdict = try_in_child([]() -> Verdict { std::_Exit(0); }, kLong);
  EXPECT_EQ(verdict.kind, Verdict::Kind::failed);
  EXPECT_THAT(verdict.why, HasSubstr("exit code 0"));
}

TEST(TryInChild, AHangFailsTheRuleAlone) {
  const Verdict verdict = try_in_child(
      []() -> Verdict {
        while (true) std::raise(SIGSTOP);
      },
      std::chrono::milliseconds{50});
  EXPECT_EQ(verdict.kind, Verdict::Kind::failed);
  EXPECT_THAT(verdict.why, HasSubstr("hangs"));
}

const nlohmann::json kPluginSchema = nlohmann::json::parse(R"({"$defs": {"backend": {"type": "object", "additionalProperties": false,
  "properties": {"acks": {"enum": ["all", "one"]}, "linger": {"type": "string", "format": "duration", "unit": "ms"}}}}})");

TEST(Options, AreReadByTheirNamesAndUnits) {
  const Options options =
      parse_options("config: { acks: all, linger: 2s }\ntopic: orders\npatience: 3s\nlarge_bytes: 1MiB\n", "my.yaml", kPluginSchema);
  EXPECT_EQ(options.config, (nlohmann::json{{"acks", "all"}, {"linger", 2000}}));
  EXPECT_EQ(options.topic, "orders");
  EXPECT_EQ(options.patience, std::chrono::seconds{3});
  EXPECT_EQ(options.large_bytes, 1u << 20);
  EXPECT_TRUE(options.refused_config.is_null());
}

TEST(SideBySide, GivesEachRuleAJobAndNoCompanyToOneThatMustBeAlone) {
  std::vector<Rule> rules(6, Rule{"a.rule", 0, "", nullptr});
  rules[1].alone = true;
  std::set<std::size_t> running, ended;
  std::size_t most = 0;
  bool alone_with_others = false;
  Jobs jobs;
  jobs.count = 3;
  jobs.timeout = kLong;
  jobs.judge = [](const Rule&, const Options& options) { return Verdict{Verdict::Kind::not_claimed, options.topic}; };
  jobs.begun = [&](std::size_t index) {
    running.insert(index);
    most = std::max(most, running.size());
    alone_with_others |= running.contains(1) && running.size() > 1;
  };
  std::set<std::string> topics;
  jobs.ended = [&](std::size_t index, const Verdict& verdict, std::chrono::milliseconds) {
    running.erase(index);
    ended.insert(index);
    topics.insert(verdict.why);
  };
  Options options;
  options.topic = "topic-{job}";
  try_side_by_side(rules, options, jobs);
  EXPECT_EQ(ended.size(), 6u);
  EXPECT_EQ(most, 3u);
  EXPECT_FALSE(alone_with_others);
  EXPECT_TRUE(topics.contains("topic-1"));
  EXPECT_FALSE(topics.contains("topic-{job}"));
}

TEST(Junit, SaysWhatFailedAndWhatWasSkipped) {
  Findings findings;
  findings.plugin.id = "mine";
  findings.verdicts.push_back({Rule{"one.good", 0, "Good.", nullptr}, {}, std::chrono::milliseconds{1042}});
  findings.verdicts.push_back({Rule{"one.bad", 0, "Is < 5.", nullptr}, {Verdict::Kind::failed, "found \"7\" & more\x01"}});
  findings.verdicts.push_back({Rule{"two.other", 0, "Other.", nullptr}, {Verdict::Kind::not_tried, "no `network`"}});
  EXPECT_EQ(to_junit(findings), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="dispytch-conformance mine" tests="3" failures="1">
  <testsuite name="one" tests="2" failures="1" skipped="0">
    <testcase classname="mine.one" name="one.good" time="1.042"/>
    <testcase classname="mine.one" name="one.bad" time="0.000">
      <failure message="Is &lt; 5.">found &quot;7&quot; &amp; more </failure>
    </testcase>
  </testsuite>
  <testsuite name="two" tests="1" failures="0" skipped="1">
    <testcase classname="mine.two" name="two.other" time="0.000">
      <skipped message="not tried: no `network`"/>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST(Summary, CountsAndNamesWhatWasNotTried) {
  Findings findings;
  findings.verdicts.push_back({Rule{"one.good", 0, "", nullptr}, {}});
  findings.verdicts.push_back({Rule{"two.other", 0, "", nullptr}, {Verdict::Kind::not_tried, "no `network`"}});
  EXPECT_EQ(summary(findings), "1 passed, 0 failed, 0 not claimed, 1 not tried\nnot tried: two.other\n");
}

TEST(ARule, ThatAsksForMoreThanTheConfigSaysIsNotTried) {
  const Rule rule = asking(kNetwork | kLease, Rule{"a.rule", 0, "", nullptr});
  Options options;
  EXPECT_EQ(asks_to_string(unanswered(rule.asks, options)), "`network`, `lease`");
  options.lease = std::chrono::seconds{1};
  EXPECT_EQ(asks_to_string(unanswered(rule.asks, options)), "`network`");
  const dispytch_plugin nothing{};
  const Verdict verdict = try_rule(rule, nothing, options);
  EXPECT_EQ(verdict.kind, Verdict::Kind::not_tried);
  EXPECT_EQ(verdict.why, "the kit's config doesn't say `network`");
}

TEST(NetworkOptions, AreReadAndPutInPlaceOfOneAnother) {
  const Options options = parse_options(
      "config: { acks: all, brokers: 'a:1,127.0.0.1:900,localhost:9000,127.0.0.1:90001', port: 9000 }\n"
      "network: [ { upstream: 127.0.0.1:7000, listen: 127.0.0.1:9000 } ]\n"
      "commands: { stop: 'false' }\nsurvives: kill\n",
      "my.yaml", nlohmann::json::parse(R"({"$defs": {"backend": {"type": "object"}}})"));
  EXPECT_EQ(options.survives, Survives::kill);
  EXPECT_EQ(options.commands.stop, "false");
  const nlohmann::json direct = direct_config(options);
  EXPECT_EQ(direct["brokers"], "a:1,127.0.0.1:900,127.0.0.1:7000,127.0.0.1:90001");
  EXPECT_EQ(direct["port"], 7000);
}

TEST(NetworkOptions, ThatTheBackendDoesNotUseAreRefused) {
  Options options;
  options.network = {{"127.0.0.1:7000", "127.0.0.1:9000", ""}};
  options.config = {{"address", "127.0.0.1:7000"}};
  try {
    check_network(options);
    FAIL() << "a network that nothing uses was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nothing in `config` names that address"));
  }
}

TEST(Commands, ThatFailAreNamedByTheirKey) {
  EXPECT_EQ(run_command("commands: list", "echo one; echo two"), "one\ntwo\n");
  try {
    run_command("commands: stop", "exit 3");
    FAIL() << "a command that failed was taken";
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "the command of `commands: stop` in the kit's config failed: exit 3");
  }
}

TEST(ExampleConfig, NamesTheOptionsOfThePluginAndIsReadAgain) {
  border::PluginInfo plugin;
  plugin.id = "mine";
  plugin.schema = R"({"$defs": {"backend": {"type": "object", "required": ["address"], "additionalProperties": false, "properties": {
    "address": {"type": "string", "description": "HOST:PORT."}, "linger": {"type": ["string", "integer"], "format": "duration", "unit": "ms"}}}}})";
  const std::string text = example_config(plugin);
  EXPECT_THAT(text, HasSubstr("config:\n  # HOST:PORT.\n  address: \"...\"\n  # linger: \"5s\"\n"));
  EXPECT_EQ(parse_options(text, "mine.yaml", nlohmann::json::parse(plugin.schema)).config, (nlohmann::json{{"address", "..."}}));
  for (const auto& [key, schema] : options_schema()["properties"].items()) EXPECT_THAT(text, HasSubstr(key + ":")) << key;
}

TEST(HelpOfTheConfig, DescribesEachKey) {
  const std::string text = keys_text();
  for (const char* const key : {"config  (mapping)", "commands.freeze  (string)", "network[].upstream  (string)",
                                "quiet  (duration, such as 5s; default: 300ms)", "survives  (nothing or cut or kill; default: cut)"}) {
    EXPECT_THAT(text, HasSubstr(key));
  }
}

TEST(Options, OfAnEmptyFileAreTheDefaults) { EXPECT_EQ(parse_options("", "my.yaml", kPluginSchema).topic, Options{}.topic); }

TEST(Options, AreCheckedAllAtOnceWithTheirPlaces) {
  try {
    parse_options("config: { acks: none }\ntopik: orders\npatience: 5\n", "my.yaml", kPluginSchema);
    FAIL() << "three mistakes were taken";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("my.yaml:1:17: config.acks: "));
    EXPECT_THAT(error.what(), HasSubstr("my.yaml:2:1: topik: unknown key; did you mean `topic`?"));
    EXPECT_THAT(error.what(), HasSubstr("my.yaml:3:11: patience: expected a duration"));
    EXPECT_THAT(error.what(), HasSubstr("3 errors"));
  }
}

}  // namespace
}  // namespace dispytch::conformance
