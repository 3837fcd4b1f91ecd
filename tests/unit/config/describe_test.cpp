#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/plugins.hpp"
#include "config/problem_list.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

Config config_of(std::string_view text) {
  Loaded result = load_text(text, "test.yaml", tests::test_options());
  EXPECT_TRUE(result.has_value()) << report(result.error());
  return result ? std::move(*result) : Config{};
}

TEST(Describe, FillsInDefaultsAndWritesDurationsAsPeopleDo) {
  const Config config = config_of(
      "version: 1\nbackends: {bus: {plugin: pipe, topics: {t: {wire: {form: flat, type: {field: k}}}}}}\nemitters: {out: {backend: bus}}\n"
      "listeners: {in: {backend: bus, delivery: at_most_once, topics: [t, {name: u}], drain: 90s}}\n"
      "plugins: {paths: [/p]}\nlogging: {level: warning}\n");
  json described = describe(config);
  for (const char* key : {"ordering", "concurrency", "retry", "on_failure", "on_undecodable", "on_unhandled", "on_tombstone",
                          "handler_timeout", "breaker", "rate", "limits", "revoke_timeout", "stuck_after"})
    EXPECT_EQ(described.at("listeners").at("in").erase(key), 1U) << key;  // those are handling_test.cpp's
  EXPECT_EQ(described, json::parse(R"({
    "version": 1,
    "logging": {"level": "warning", "format": "text"},
    "plugins": {"paths": ["/p"]},
    "backends": {"bus": {"plugin": "pipe", "config": {}, "wire": {"form": "envelope"},
                         "topics": {"t": {"wire": {"form": "flat", "type": {"field": "k"}}}}}},
    "emitters": {"out": {"backend": "bus", "timeout": "30s", "config": {}}},
    "listeners": {"in": {"backend": "bus", "start": "earliest", "delivery": "at_most_once", "drain": "90s", "config": {},
                         "topics": [{"name": "t", "config": {}}, {"name": "u", "config": {}}]}}
  })"));
}

TEST(Describe, HidesEverySecret) {
  const Config config = config_of(R"(
version: 1
backends:
  bus:
    plugin: broker
    config:
      servers: ${SERVERS}
      password: inline-secret
      pin: 4711
      user: "${file:/run/secrets/password}"
      url: "amqp://me:${BUS_PASSWORD}@host"
  other:
    plugin: open
    config: { "sasl.password": open-secret, url: "redis://me:url-secret@host:1/0, redis://you:second-secret@x", plain: "http://host:80/a@b:c" }
listeners:
  in: { backend: bus, group: g, config: { token: consumer-secret } }
)");
  const json described = describe(config);
  const json& bus = described.at("backends").at("bus").at("config");
  EXPECT_EQ(bus, json::parse(R"({"servers": "one:1,two:2", "password": "***", "pin": "***", "user": "***", "url": "***"})"));
  EXPECT_EQ(
      described.at("backends").at("other").at("config"),
      json::parse(R"({"sasl.password": "***", "url": "redis://me:***@host:1/0, redis://you:***@x", "plain": "http://host:80/a@b:c"})"));
  EXPECT_EQ(described.at("listeners").at("in").at("config"), json::parse(R"({"token": "***"})"));
  EXPECT_EQ(config.backends.at("bus").config.at("password"), "inline-secret");
}

TEST(Scrub, HidesASecretOfAFewLettersWhereAValueIsShownAlone) {
  const nlohmann::json values{{"a", "e"}, {"b", 7}, {"c", "abc"}};
  const auto hidden = [&](const std::string& text) { return scrub(values, {"/a", "/b", "/c"}, text); };
  EXPECT_EQ(hidden("expected an integer of at least 17, found the alphabet abcde"),
            "expected an integer of at least 17, found the alphabet abcde");
  EXPECT_EQ(hidden("Invalid value \"e\" or 'abc' or `7` for e"), "Invalid value \"***\" or '***' or `***` for e");
  EXPECT_EQ(hidden("password=e, pin=7"), "password=***, pin=***");
}

TEST(Scrub, TakesEverySecretOutOfAText) {
  const Config config = config_of(R"(
version: 1
backends:
  bus: { plugin: broker, config: { servers: s, password: hunter2, pin: 4711 } }
listeners:
  in: { backend: bus, group: g, config: { token: hunter22 } }
  late: { backend: bus, group: g, config: { token: a-hunter2-b } }
)");
  EXPECT_EQ(scrub(config, "wrong value \"hunter2\", hunter22 or 4711 for s"), "wrong value \"***\", *** or *** for s");
  EXPECT_EQ(scrub(config, "a-hunter2-b"), "***");
  EXPECT_EQ(scrub(config, "nothing"), "nothing");
}

}  // namespace
}  // namespace dispytch::config
