// The kit is held to its word: a sound plugin passes every rule, and each way to break one is found.
#include <algorithm>
#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <dispytch/plugins/memory.h>

#include "kit/isolate.hpp"
#include "kit/rule.hpp"
#include "kit/run.hpp"
#include "mutants/mutant.hpp"
#include "reference/mistakes.hpp"

extern "C" const dispytch_plugin* dispytch_queue_plugin(std::uint32_t host_abi_minor) noexcept;

namespace dispytch::conformance {

void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

namespace {

constexpr std::chrono::seconds kHang{120};

struct Trial {
  Mutant mutant;
  bool of_queue = false;
  Rule rule;
};

void PrintTo(const Trial& trial, std::ostream* out) { *out << trial.mutant.name << ", " << trial.rule.name; }

const dispytch_plugin& plugin_of(bool queue) { return queue ? *dispytch_queue_plugin(0) : *dispytch_memory_plugin(0); }

// Patience counts where a rule must fail by waiting in vain; quiet where nothing must come.
Options options(bool queue, std::chrono::milliseconds patience) {
  Options options{.topic = "dispytch-conformance", .patience = patience, .quiet = std::chrono::milliseconds{60}};
  if (queue) {
    options.missing_topic = "missing";
    return options;
  }
  options.config = {{"topics",
                     {{"dispytch-conformance", {{"partitions", 4}, {"max_bytes", 8 << 20}}},
                      {"bounded", {{"max_messages", 20}}},
                      {"second", nlohmann::json::object()}}}};
  options.bounded_topic = "bounded";
  options.second_topic = "second";
  options.pattern = "dispytch-conformance";
  options.too_big_bytes = 9 << 20;
  return options;
}

Rule rule_named(std::string_view name) {
  for (const Rule& rule : all_rules()) {
    if (rule.name == name) return rule;
  }
  throw std::runtime_error{"no rule " + std::string{name}};
}

std::vector<Trial> trials() {
  std::vector<Trial> all;
  const auto add = [&](const std::vector<Mutant>& mutants, bool of_queue) {
    for (const Mutant& mutant : mutants) {
      for (const std::string_view name : mutant.breaks) all.push_back({mutant, of_queue, rule_named(name)});
    }
  };
  for (const auto& mutants :
       {open_mutants(), produce_mutants(), deliver_mutants(), settle_mutants(), attempts_mutants(), group_mutants(), admin_mutants()}) {
    add(mutants, false);
  }
  add(queue_mutants(), true);
  return all;
}

std::string as_test_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

class MutantTest : public testing::TestWithParam<Trial> {};

TEST_P(MutantTest, IsFoundOut) {
  const Trial& trial = GetParam();
  set_sound(plugin_of(trial.of_queue));
  Tables tables{sound()};
  trial.mutant.mutate(tables);
  const Verdict verdict =
      try_in_child([&] { return try_rule(trial.rule, tables.plugin, options(trial.of_queue, std::chrono::milliseconds{400})); }, kHang);
  EXPECT_EQ(verdict.kind, Verdict::Kind::failed)
      << "a plugin that " << trial.mutant.name << " passes " << trial.rule.name << " " << verdict.why;
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest, testing::ValuesIn(trials()), [](const auto& test) {
  return as_test_name(std::string{test.param.mutant.name} + " breaks " + std::string{test.param.rule.name});
});

class SoundTest : public testing::TestWithParam<Rule> {
 protected:
  static Verdict verdict(bool queue) {
    set_sound(plugin_of(queue));
    const Tables tables{sound()};
    return try_in_child([&] { return try_rule(GetParam(), tables.plugin, options(queue, std::chrono::seconds{20})); }, kHang);
  }
};

TEST_P(SoundTest, MemoryBreaksNoRule) {
  const Verdict result = verdict(false);
  EXPECT_NE(result.kind, Verdict::Kind::failed) << result.why;
}

TEST_P(SoundTest, QueueBreaksNoRule) {
  const Verdict result = verdict(true);
  EXPECT_NE(result.kind, Verdict::Kind::failed) << result.why;
}

INSTANTIATE_TEST_SUITE_P(All, SoundTest, testing::ValuesIn(all_rules()),
                         [](const auto& test) { return as_test_name(std::string{test.param.name}); });

// The border lets a plugin hand out all headers with their messages; its function headers is never called then.
TEST(APluginWithoutHeadersOnDemand, BreaksNoRule) {
  set_sound(plugin_of(true));
  Tables tables{sound()};
  tables.consumer.headers = [](dispytch_consumer*, const dispytch_message*, const dispytch_header**, std::uint32_t*) noexcept {
    return dispytch_status{DISPYTCH_ENOTIMPL};
  };
  for (const Rule& rule : all_rules()) {
    if (!rule.name.starts_with("message.") && !rule.name.starts_with("poll.views")) continue;
    const Verdict verdict = try_in_child([&] { return try_rule(rule, tables.plugin, options(true, std::chrono::seconds{20})); }, kHang);
    EXPECT_NE(verdict.kind, Verdict::Kind::failed) << rule.name << ": " << verdict.why;
  }
}

TEST(Rules, CanEachBeBroken) {
  std::set<std::string_view> broken;
  for (const reference::Mistake& mistake : reference::mistakes()) broken.insert(mistake.breaks.begin(), mistake.breaks.end());
  for (const Trial& trial : trials()) broken.insert(trial.rule.name);
  for (const Rule& rule : all_rules()) EXPECT_TRUE(broken.contains(rule.name)) << rule.name << " has no mutant";
}

TEST(Rules, HaveNamesOfTheirOwn) {
  std::map<std::string_view, int> names;
  for (const Rule& rule : all_rules()) EXPECT_EQ(++names[rule.name], 1) << rule.name;
}

TEST(Rules, ThatBreakNothingAreEachTriedOnOneOfTheTwoPlugins) {
  const std::uint64_t memory = dispytch_memory_plugin(0)->capabilities, queue = dispytch_queue_plugin(0)->capabilities;
  for (const Rule& rule : all_rules()) {
    if (rule.asks != 0) continue;  // reference_test.cpp tries these
    EXPECT_TRUE((rule.needs & ~memory) == 0 || (rule.needs & ~queue) == 0) << rule.name << " is never tried";
  }
}

}  // namespace
}  // namespace dispytch::conformance
