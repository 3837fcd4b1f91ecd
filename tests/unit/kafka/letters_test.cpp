// What stands in a config file reaches librdkafka letter for letter, or is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "options.hpp"
#include "schema.hpp"

namespace dispytch::kafka {
namespace {

using ::testing::HasSubstr;

config::LoadOptions with_kafka() {
  return {.plugin = [](std::string_view, const auto&) -> Result<config::PluginInfo> {
            return config::PluginInfo{.id = "kafka", .schema = nlohmann::json::parse(kSchema), .capabilities = ~std::uint64_t{0}};
          },
          .environment = [](const std::string& name) { return name == "RACK" ? std::optional<std::string>{"007"} : std::nullopt; }};
}

// What librdkafka says that a property is, or the problem of the file.
std::string arrives(const std::string& scalar, const char* file, const char* property = "client.rack") {
  const bool json = std::string_view{file}.ends_with(".json");
  const std::string text =
      json ? R"({"version":1,"backends":{"bus":{"plugin":"kafka","config":{")" + std::string{property} + "\":" + scalar + "}}}}"
           : "version: 1\nbackends:\n  bus:\n    plugin: kafka\n    config:\n      " + std::string{property} + ": " + scalar + "\n";
  const config::Loaded loaded = config::load_text(text, file, with_kafka());
  if (!loaded) return loaded.error().front().text;
  const ConfHandle conf{rd_kafka_conf_new()};
  const std::string options = nlohmann::json{{"config", loaded->backends.at("bus").config}}.dump();
  Options{plugin::Config{options}.at("config"), Owner::backend}.apply(conf.get(), RD_KAFKA_PRODUCER);
  std::array<char, 512> value{};
  std::size_t size = value.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.get(), property, value.data(), &size), RD_KAFKA_CONF_OK);
  return value.data();
}

// Each form that YAML 1.1 or 1.2 takes for something else than its letters.
constexpr const char* kForms[] = {"007",
                                  "0o14",
                                  "0x1F",
                                  "0b101",
                                  "+7",
                                  "-0",
                                  "1_000",
                                  "190:20:30",
                                  "0.10",
                                  "1.10",
                                  "1.",
                                  ".5",
                                  "1e3",
                                  "1E+2",
                                  "-1.50",
                                  "1e400",
                                  ".inf",
                                  ".NaN",
                                  "True",
                                  "TRUE",
                                  "true",
                                  "False",
                                  "yes",
                                  "Yes",
                                  "on",
                                  "Off",
                                  "n",
                                  "Y",
                                  "7",
                                  "0.5",
                                  "~",
                                  "null",
                                  "Null",
                                  "1e-400",
                                  "=",
                                  "2001-12-14",
                                  "9223372036854775807",
                                  "9223372036854775808",
                                  "18446744073709551617",
                                  "-9223372036854775809"};

TEST(KafkaLetters, ArriveInLibrdkafkaOrAreRefused) {
  for (const std::string form : kForms) {
    const std::string is = arrives(form, "kafka.yaml");
    if (is == form) continue;
    const bool empty = form == "~" || form == "null" || form == "Null";
    EXPECT_THAT(is, empty ? HasSubstr("expected a string, a number or `true` or `false`, found nothing") : HasSubstr("quote")) << form;
  }
}

TEST(KafkaLetters, ArriveWhereTheyAreQuoted) {
  for (const std::string form : kForms) {
    for (const char quote : {'"', '\''}) EXPECT_EQ(arrives(quote + form + quote, "kafka.yaml"), form);
    EXPECT_EQ(arrives('"' + form + '"', "kafka.json"), form);
  }
}

TEST(KafkaLetters, OfJsonArriveOrAreRefused) {
  for (const std::string form :
       {"7", "-0", "0.10", "1.0", "1E3", "1e-7", "true", "123456789.125", "9223372036854775807", "18446744073709551617"}) {
    const std::string is = arrives(form, "kafka.json");
    EXPECT_TRUE(is == form || is.find("quote") != std::string::npos) << form << ": " << is;
  }
}

TEST(KafkaLetters, AreNamedWithTheQuotesThatTheyLack) {
  EXPECT_EQ(arrives("007", "kafka.yaml"), "`007` would arrive as `7`; quote it: \"007\"");
  EXPECT_EQ(arrives("0.10", "kafka.yaml", "broker.version.fallback"), "`0.10` would arrive as `0.1`; quote it: \"0.10\"");
  EXPECT_EQ(arrives("007", "kafka.yaml", "client.id"), "expected a string, found 007; quote it if it is meant as text");
  EXPECT_EQ(arrives("${RACK}", "kafka.yaml"),
            "the value would arrive with other letters, as it is unquoted and looks like a number or a truth value; quote it");
  EXPECT_EQ(arrives("\"${RACK}\"", "kafka.yaml"), "007");
}

TEST(KafkaLetters, OfNumbersThatTheSchemaAsksForDoNotMatter) {
  EXPECT_EQ(arrives("0x10", "kafka.yaml", "linger.ms"), "16");
  EXPECT_EQ(arrives("True", "kafka.yaml", "enable.idempotence"), "true");
}

}  // namespace
}  // namespace dispytch::kafka
