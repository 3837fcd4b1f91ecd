// Parts of the kit that no rule shows.
#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/isolate.hpp"
#include "kit/options.hpp"

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
