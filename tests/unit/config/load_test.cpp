#include "config/load.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "config/core_schema.hpp"
#include "config/plugins.hpp"
#include "schema/units.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

Config loaded(std::string_view text, const LoadOptions& options = tests::test_options(), const char* file = "conf/test.yaml") {
  Loaded result = load_text(text, file, options);
  EXPECT_TRUE(result.has_value()) << report(result.error());
  return result ? std::move(*result) : Config{};
}

TEST(Load, MakesStructsOfEveryKey) {
  const Config config = loaded(R"(
version: 1
logging: { level: debug, format: json }
plugins: { paths: [ /opt/plugins, near, ../up ] }
http: { address: localhost:9102 }
control: { socket: run/control.sock }
backends:
  bus:
    plugin: broker
    config: { servers: a:1, idle: 5s, buffer: 1MiB }
    wire: { form: flat, type: { header: kind } }
    topics:
      old: { wire: { form: envelope } }
      raw: { wire: { form: flat, type: { fixed: reading } } }
      same: {}
emitters:
  out: { backend: bus, timeout: 1.5s, config: { linger: 5ms } }
listeners:
  board:
    backend: bus
    group: g
    topics: [ one, { name: two, config: { priority: 3 } }, { pattern: "^t" } ]
    start: latest
    delivery: at_least_once
    drain: 0s
    config: { prefetch: 10 }
)");
  EXPECT_EQ(config.file, "conf/test.yaml");
  EXPECT_EQ(config.logging.level, log::Level::debug);
  EXPECT_EQ(config.logging.format, log::Format::json);
  EXPECT_EQ(config.plugin_paths, (std::vector<std::filesystem::path>{"/opt/plugins", "conf/near", "up"}));
  EXPECT_EQ(config.http_address, "localhost:9102");
  EXPECT_EQ(config.control_socket, "conf/run/control.sock");
  const BackendConfig& bus = config.backends.at("bus");
  EXPECT_EQ(bus.name, "bus");
  EXPECT_EQ(bus.plugin, "broker");
  EXPECT_EQ(bus.config, (json{{"servers", "a:1"}, {"idle", 5000}, {"buffer", 1024}}));
  EXPECT_EQ(bus.wire, (WireForm{WireForm::Layout::flat, WireForm::TypeFrom::header, "kind"}));
  ASSERT_EQ(bus.topic_wire.size(), 2U);
  EXPECT_EQ(bus.topic_wire.at("old"), WireForm{});
  EXPECT_EQ(bus.topic_wire.at("raw"), (WireForm{WireForm::Layout::flat, WireForm::TypeFrom::fixed, "reading"}));
  const EmitterConfig& out = config.emitters.at("out");
  EXPECT_EQ(out.backend, "bus");
  EXPECT_EQ(out.timeout, std::chrono::milliseconds{1500});
  EXPECT_EQ(out.config, (json{{"linger", 5}}));
  const ListenerConfig& board = config.listeners.at("board");
  EXPECT_EQ(board.group, "g");
  ASSERT_EQ(board.topics.size(), 3U);
  EXPECT_EQ(board.topics[0].name, "one");
  EXPECT_EQ(board.topics[1].config, (json{{"priority", 3}}));
  EXPECT_EQ(board.topics[2].pattern, "^t");
  EXPECT_EQ(board.start, Start::latest);
  EXPECT_FALSE(board.at_most_once);
  EXPECT_EQ(board.drain, std::chrono::milliseconds{0});
  EXPECT_EQ(board.config, (json{{"prefetch", 10}}));
}

TEST(Load, TheLeastFileHasTheDefaults) {
  const Config config = loaded("version: 1");
  EXPECT_EQ(config.logging.level, log::Level::info);
  EXPECT_EQ(config.logging.format, log::Format::text);
  EXPECT_TRUE(config.backends.empty() && config.emitters.empty() && config.listeners.empty() && config.plugin_paths.empty());
  EXPECT_TRUE(config.http_address.empty() && config.control_socket.empty());
}

// What the schema says of defaults is documentation; the structs are what an application gets.
TEST(Load, DefaultsOfTheStructsAreThoseOfTheSchema) {
  const json schema = json::parse(core_schema());
  const auto default_of = [&](const char* pointer) { return schema.at(json::json_pointer{pointer}).at("default").get<std::string>(); };
  const auto milliseconds = [](const std::string& text) {
    return std::chrono::milliseconds{schema::parse_quantity(schema::Quantity::duration, text, "ms").count};
  };
  const json described = describe(loaded("version: 1"));
  EXPECT_EQ(described.at("logging").at("level"), default_of("/properties/logging/properties/level"));
  EXPECT_EQ(described.at("logging").at("format"), default_of("/properties/logging/properties/format"));
  EXPECT_EQ(EmitterConfig{}.timeout, milliseconds(default_of("/definitions/emitter/properties/timeout")));
  EXPECT_EQ(ListenerConfig{}.drain, milliseconds(default_of("/definitions/listener/properties/drain")));
  EXPECT_EQ(default_of("/definitions/listener/properties/start"), "earliest");
  EXPECT_EQ(ListenerConfig{}.start, Start::earliest);
  EXPECT_EQ(default_of("/definitions/listener/properties/delivery"), "at_least_once");
  EXPECT_FALSE(ListenerConfig{}.at_most_once);
  EXPECT_EQ(default_of("/definitions/wire/properties/form"), "envelope");
  EXPECT_EQ(WireForm{}.layout, WireForm::Layout::envelope);
}

TEST(Load, ReadsJsonByTheEndingOfTheFile) {
  EXPECT_EQ(
      loaded(R"({"$schema": "x", "version": 1, "backends": {"bus": {"plugin": "pipe"}}})", tests::test_options(), "a.json").backends.size(),
      1U);
  const Loaded yaml_named_json = load_text("version: 1", "a.json", tests::test_options());
  ASSERT_FALSE(yaml_named_json);
  EXPECT_EQ(report(yaml_named_json.error()).find("a.json:1:1: this is no JSON: "), 0U);
}

TEST(Load, AsksForEachPluginOnceWithThePathsOfTheFile) {
  LoadOptions options = tests::test_options();
  std::vector<std::string> asked;
  options.plugin = [&](std::string_view plugin, const std::vector<std::filesystem::path>& paths) {
    asked.emplace_back(plugin);
    EXPECT_EQ(paths, (std::vector<std::filesystem::path>{"conf/here"}));
    return tests::find_test_plugin(plugin, paths);
  };
  loaded("version: 1\nplugins: {paths: [here]}\nbackends: {a: {plugin: pipe}, b: {plugin: pipe}, c: {plugin: queue}}", options);
  EXPECT_EQ(asked, (std::vector<std::string>{"pipe", "queue"}));
}

TEST(Load, WithoutPluginsChecksWhatCoreKnows) {
  LoadOptions options = tests::test_options();
  options.plugin = {};
  loaded("version: 1\nbackends: {a: {plugin: anything, config: {x: 1}}}\nemitters: {e: {backend: a}}", options);
  const Loaded wrong = load_text("version: 1\nbackends: {a: {plugin: anything}}\nemitters: {e: {backend: b}}", "t.yaml", options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(report(wrong.error()), "t.yaml:3:25: emitters.e.backend: no backend `b`; there is only `a`\n1 error\n");
}

TEST(Load, TakesTheEnvironmentOfTheProcessWhereNoneIsGiven) {
  LoadOptions options;
  ::setenv("DISPYTCH_TEST_LEVEL", "warning", 1);
  EXPECT_EQ(loaded("version: 1\nlogging: {level: \"${DISPYTCH_TEST_LEVEL}\"}", options).logging.level, log::Level::warning);
  ::unsetenv("DISPYTCH_TEST_LEVEL");
  EXPECT_FALSE(load_text("version: 1\nlogging: {level: \"${DISPYTCH_TEST_LEVEL}\"}", "t.yaml", options));
}

TEST(Load, PlacesLeadBackIntoTheFile) {
  const Config config = loaded("version: 1\nbackends:\n  bus:\n    plugin: open\n    config: { acks: all }\n");
  EXPECT_EQ(config.positions.key("/backends/bus/config/acks"), (Position{5, 15}));
  EXPECT_EQ(config.positions.value("/backends/bus/config/acks"), (Position{5, 21}));
  EXPECT_EQ(config.positions.value("/backends/bus/config/linger"), (Position{5, 13}));
  EXPECT_EQ(config.positions.key("/backends/bus/topics"), (Position{3, 3}));
  EXPECT_EQ(Positions{}.value("/x"), (Position{0, 0}));
}

TEST(Load, ThrowsTheWholeReportWhereThatIsAskedFor) {
  const std::filesystem::path file = std::filesystem::path{testing::TempDir()} / "dispytch_load_test.yaml";
  std::ofstream{file} << "version: 2\nx: 1\n";
  try {
    load_or_throw(file, tests::test_options());
    ADD_FAILURE() << "it did not throw";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, ErrorCode::config);
    EXPECT_EQ(exception.error().text, file.string() + ":1:10: version: expected `1`, found 2\n" + file.string() +
                                          ":2:1: x: unknown key; the keys here are: application, backends, control, emitters, http, "
                                          "listeners, logging, plugins, version\n2 errors\n");
  }
  std::ofstream{file} << "version: 1\n";
  EXPECT_EQ(load_or_throw(file, tests::test_options()).file, file);
  std::filesystem::remove(file);
}

TEST(Report, LeavesOutWhatAProblemHasNot) {
  EXPECT_EQ(to_string(Problem{.file = "f", .text = "t"}), "f: t");
  EXPECT_EQ(to_string(Problem{.file = "f", .position = {2, 3}, .text = "t"}), "f:2:3: t");
  EXPECT_EQ(report({Problem{.file = "f", .position = {2, 3}, .path = "a.b", .text = "t"}}), "f:2:3: a.b: t\n1 error\n");
}

}  // namespace
}  // namespace dispytch::config
