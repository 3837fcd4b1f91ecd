#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/plugins.hpp"

namespace dispytch::config {
namespace {

Config config() {
  return load_text(
             "version: 1\n"
             "backends:\n"
             "  bus:\n"
             "    plugin: open\n"
             "    config:\n"
             "      acks: some\n"
             "      sasl.password: hunter2\n"
             "emitters:\n"
             "  out: { backend: bus, config: { linger.ms: x } }\n"
             "listeners:\n"
             "  in: { backend: bus, group: g }\n",
             "bus.yaml", tests::test_options())
      .value();
}

std::string problem(Section section, const char* name, const char* text) {
  return to_string(plugin_problem(config(), section, name, Error{.code = ErrorCode::config, .text = text}));
}

TEST(PluginProblem, PointsAtTheOptionThatTheTextBeginsWith) {
  EXPECT_EQ(problem(Section::backends, "bus", "/config/acks: expected all, -1, 0 or 1, found \"some\""),
            "bus.yaml:6:7: backends.bus.config.acks: expected all, -1, 0 or 1, found \"some\"");
  EXPECT_EQ(problem(Section::emitters, "out", "/config/linger.ms: not a number"),
            "bus.yaml:9:34: emitters.out.config.linger.ms: not a number");
}

TEST(PluginProblem, PointsAtTheNearestPlaceWhereTheOptionIsNotInTheFile) {
  EXPECT_EQ(problem(Section::backends, "bus", "/config/retries: out of range"), "bus.yaml:5:5: backends.bus.config.retries: out of range");
  EXPECT_EQ(problem(Section::listeners, "in", "/config/fetch.min.bytes: out of range"),
            "bus.yaml:11:3: listeners.in.config.fetch.min.bytes: out of range");
}

TEST(PluginProblem, PointsAtTheBackendWhereTheOptionStandsThereAlone) {
  EXPECT_EQ(problem(Section::emitters, "out", "/config/acks: not without idempotence"),
            "bus.yaml:6:7: backends.bus.config.acks: not without idempotence");
  EXPECT_EQ(problem(Section::listeners, "in", "/config/acks: not without idempotence"),
            "bus.yaml:6:7: backends.bus.config.acks: not without idempotence");
}

TEST(PluginProblem, PointsAtTheConfigWhereTheTextNamesNoOption) {
  EXPECT_EQ(problem(Section::backends, "bus", "these options don't go together"),
            "bus.yaml:5:5: backends.bus.config: these options don't go together");
  EXPECT_EQ(problem(Section::backends, "bus", "/etc/krb5.conf can't be read"),
            "bus.yaml:5:5: backends.bus.config: /etc/krb5.conf can't be read");
}

TEST(PluginProblem, NeverRepeatsASecret) {
  EXPECT_EQ(problem(Section::backends, "bus", "/config/sasl.password: Invalid value \"hunter2\""),
            "bus.yaml:7:7: backends.bus.config.sasl.password: Invalid value \"***\"");
}

}  // namespace
}  // namespace dispytch::config
