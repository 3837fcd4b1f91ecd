// The kit is held to its word where connections break: the reference plugin breaks no rule, and each of its mistakes is found.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "border/library.hpp"
#include "kit/isolate.hpp"
#include "kit/options.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"
#include "reference/mistakes.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::conformance {

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

namespace {

struct Trial {
  std::string_view mistake;
  Rule rule;
};
void PrintTo(const Trial& trial, std::ostream* out) { *out << trial.mistake << ", " << trial.rule.name; }

// The broker, for one test, and the options that reach it.
class ReferenceTest : public ::testing::Test {
 protected:
  ReferenceTest() {
    setenv("REFERENCE_HOME", folder_.path().c_str(), 1);
    setenv("REFERENCE_BROKER", REFERENCE_BROKER, 1);
    setenv("REFERENCE_SCRIPT", REFERENCE_FOLDER "/reference.sh", 1);
    const dispytch::testing::Finished started = dispytch::testing::run(
        {REFERENCE_BROKER, "--journal", folder_.path() / "journal", "--pid-file", folder_.path() / "pid", "--lease", "600"});
    if (started.exit_code != 0) throw std::runtime_error{started.errors};
    setenv("REFERENCE_PORT", std::to_string(std::stoi(started.output)).c_str(), 1);
  }
  ~ReferenceTest() override {
    pid_t broker = 0;
    std::ifstream{folder_.path() / "pid"} >> broker;
    if (broker > 0) kill(broker, SIGKILL);
  }

  static Verdict judge(const Rule& rule, std::string_view mistake, std::chrono::milliseconds patience) {
    return try_in_child(
        [&]() -> Verdict {
          const Result<const border::Library*> library = border::load(REFERENCE_PLUGIN);
          if (!library) return {Verdict::Kind::not_tried, library.error().text};
          const dispytch_plugin& plugin = (*library)->table();
          Options options = read_options(REFERENCE_FOLDER "/reference.yaml", nlohmann::json::parse(plugin.config_schema)).for_job(1);
          options.patience = patience;
          if (!mistake.empty()) options.config["mistake"] = mistake;
          return try_rule(rule, plugin, options);
        },
        patience * 10);
  }

 private:
  dispytch::testing::TemporaryFolder folder_;
};

Rule rule_named(std::string_view name) {
  for (const Rule& rule : all_rules()) {
    if (rule.name == name) return rule;
  }
  throw std::runtime_error{"no rule " + std::string{name}};
}

std::vector<Trial> trials() {
  std::vector<Trial> all;
  for (const reference::Mistake& mistake : reference::mistakes()) {
    for (const std::string_view name : mistake.breaks) all.push_back({mistake.name, rule_named(name)});
  }
  return all;
}

std::vector<Rule> rules_that_ask() {
  std::vector<Rule> some;
  const std::vector<Rule> all = all_rules();
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [](const Rule& rule) { return rule.asks != 0; });
  return some;
}

std::string as_test_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

class MistakeTest : public ReferenceTest, public ::testing::WithParamInterface<Trial> {};

TEST_P(MistakeTest, IsFoundOut) {
  const Verdict verdict = judge(GetParam().rule, GetParam().mistake, std::chrono::milliseconds{1500});
  EXPECT_EQ(verdict.kind, Verdict::Kind::failed)
      << "a plugin that " << GetParam().mistake << " passes " << GetParam().rule.name << " " << verdict.why;
}

INSTANTIATE_TEST_SUITE_P(All, MistakeTest, ::testing::ValuesIn(trials()), [](const auto& test) {
  return as_test_name(std::string{test.param.mistake} + " breaks " + std::string{test.param.rule.name});
});

class SoundReferenceTest : public ReferenceTest, public ::testing::WithParamInterface<Rule> {};

TEST_P(SoundReferenceTest, BreaksNoRule) {
  const Verdict verdict = judge(GetParam(), "", std::chrono::seconds{10});
  EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << verdict.why;
}

INSTANTIATE_TEST_SUITE_P(All, SoundReferenceTest, ::testing::ValuesIn(rules_that_ask()),
                         [](const auto& test) { return as_test_name(std::string{test.param.name}); });

}  // namespace
}  // namespace dispytch::conformance
