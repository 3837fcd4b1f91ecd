// Options that no schema judges: what the pipeline makes of a plugin's own refusals.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/plugins.hpp"

namespace dispytch::config {
namespace {

// Refuses the first option whose value is `bad`, the lack of `needed` where that is asked for, and says what it was asked.
struct Plugin {
  bool needs = false;
  std::vector<std::string> asked = {};

  std::optional<Error> judge(const Candidate& candidate) {
    const nlohmann::json& options = candidate.entry.at("config");
    asked.push_back(options.dump());
    for (const auto& [name, value] : options.items()) {
      if (value == "bad" || value == "hunter2") {
        return Error{.code = ErrorCode::config, .text = "/config/" + name + ": no " + value.get<std::string>()};
      }
    }
    if (needs && !options.contains("needed")) return Error{.code = ErrorCode::config, .text = "/config: `needed` is missing"};
    return std::nullopt;
  }
};

std::string problems(Plugin& plugin, std::string_view text) {
  LoadOptions options = tests::test_options();
  options.judge = [&plugin](const Candidate& candidate) { return plugin.judge(candidate); };
  const Loaded loaded = load_text(text, "bus.yaml", options);
  return loaded ? "none" : report(loaded.error());
}

TEST(Judge, TellsAllRefusedOptionsInOneRun) {
  Plugin plugin;
  EXPECT_EQ(problems(plugin,
                     "version: 1\n"
                     "backends:\n"
                     "  bus: { plugin: open, config: { a: bad, b: good, c: bad } }\n"
                     "emitters:\n"
                     "  out: { backend: bus, config: { d: bad } }\n"
                     "listeners:\n"
                     "  in: { backend: bus, group: g, config: { e: bad } }\n"),
            "bus.yaml:3:34: backends.bus.config.a: no bad\n"
            "bus.yaml:3:51: backends.bus.config.c: no bad\n"
            "bus.yaml:5:34: emitters.out.config.d: no bad\n"
            "bus.yaml:7:43: listeners.in.config.e: no bad\n"
            "4 errors\n");
}

TEST(Judge, IsAskedBesideTheSchemaAndNotOfWhatThatRefused) {
  Plugin plugin;
  EXPECT_EQ(problems(plugin,
                     "version: 1\n"
                     "backends:\n"
                     "  bus: { plugin: broker, config: { servers: bad, retries: bad } }\n"
                     "emiters: {}\n"),
            "bus.yaml:3:36: backends.bus.config.servers: no bad\n"
            "bus.yaml:3:59: backends.bus.config.retries: expected an integer between 1 and 10, found \"bad\"\n"
            "bus.yaml:4:1: emiters: unknown key; did you mean `emitters`?\n"
            "3 errors\n");
  EXPECT_EQ(plugin.asked, (std::vector<std::string>{R"({"servers":"bad"})", "{}"}));
}

TEST(Judge, CountsARefusalOfTheWholeOnlyWhereNothingWasLeftOut) {
  Plugin plugin{.needs = true};
  EXPECT_EQ(problems(plugin, "version: 1\nbackends:\n  bus: { plugin: open, config: { a: good } }\n"),
            "bus.yaml:3:24: backends.bus.config: `needed` is missing\n1 error\n");
  EXPECT_EQ(problems(plugin, "version: 1\nbackends:\n  bus: { plugin: open, config: { needed: bad } }\n"),
            "bus.yaml:3:34: backends.bus.config.needed: no bad\n1 error\n");
}

// Without the option that a contradiction is blamed on there may be another contradiction, which nobody made.
TEST(Judge, EndsWithOptionsThatDoNotGoTogether) {
  LoadOptions options = tests::test_options();
  int asked = 0;
  options.judge = [&asked](const Candidate& candidate) -> std::optional<Error> {
    ++asked;
    const char* blamed = candidate.entry.at("config").contains("a") ? "a" : "b";
    return Error{.code = ErrorCode::config, .text = std::string{"/config/"} + blamed + ": not with the other", .fatal = true};
  };
  const Loaded loaded = load_text("version: 1\nbackends:\n  bus: { plugin: open, config: { a: x, b: y } }\n", "bus.yaml", options);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(report(loaded.error()), "bus.yaml:3:34: backends.bus.config.a: not with the other\n1 error\n");
  EXPECT_EQ(asked, 1);
}

TEST(Judge, FindsTheOptionOfAClientInItsBackend) {
  LoadOptions options = tests::test_options();
  options.judge = [](const Candidate& candidate) -> std::optional<Error> {
    if (candidate.section == Section::backends) return std::nullopt;
    return Error{.code = ErrorCode::config, .text = "/config/linger: longer than the timeout", .fatal = true};
  };
  const auto problems = [&](const char* backend, const char* emitter) {
    const Loaded loaded = load_text("version: 1\nbackends:\n  bus: { plugin: open, config: { " + std::string{backend} +
                                        " } }\nemitters:\n  out: { backend: bus, config: { " + emitter + " } }\n  too: { backend: bus }\n",
                                    "bus.yaml", options);
    return loaded ? "none" : report(loaded.error());
  };
  EXPECT_EQ(problems("linger: 1", ""), "bus.yaml:3:34: backends.bus.config.linger: longer than the timeout\n1 error\n") << "told once";
  EXPECT_THAT(problems("linger: 1", "linger: 2"), ::testing::HasSubstr("bus.yaml:5:34: emitters.out.config.linger: longer"));
}

TEST(Judge, NeverRepeatsASecret) {
  Plugin plugin;
  EXPECT_EQ(problems(plugin, "version: 1\nbackends:\n  bus: { plugin: open, config: { sasl.password: hunter2 } }\n"),
            "bus.yaml:3:34: backends.bus.config.sasl.password: no ***\n1 error\n");
}

TEST(Judge, OtherErrorsAreNoMatterOfTheFile) {
  LoadOptions options = tests::test_options();
  options.judge = [](const Candidate&) { return Error{.code = ErrorCode::unavailable, .text = "the broker is away"}; };
  EXPECT_TRUE(load_text("version: 1\nbackends:\n  bus: { plugin: open }\n", "bus.yaml", options).has_value());
}

}  // namespace
}  // namespace dispytch::config
