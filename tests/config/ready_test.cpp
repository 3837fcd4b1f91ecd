// The ready configs of config/, over the real plugins.
#include <filesystem>

#include <gtest/gtest.h>

#include "app/wiring.hpp"
#include "config/load.hpp"
#include "config/read_file.hpp"

namespace dispytch::tests {
namespace {

namespace fs = std::filesystem;

config::Config ready(const char* name) {
  config::Loaded loaded = config::load(fs::path{DISPYTCH_READY_CONFIGS} / name, app::load_options_of_this_process());
  EXPECT_TRUE(loaded.has_value()) << config::report(loaded.error());
  return loaded ? std::move(*loaded) : config::Config{};
}

TEST(ReadyConfig, DiffersInTheBackendAlone) {
  nlohmann::json memory = config::describe(ready("flights.memory.yaml"));
  nlohmann::json kafka = config::describe(ready("flights.kafka.yaml"));
  EXPECT_EQ(memory.at("backends").at("bus").at("plugin"), "memory");
  EXPECT_EQ(kafka.at("backends").at("bus").at("plugin"), "kafka");
#ifdef DISPYTCH_HAS_REDIS
  nlohmann::json redis = config::describe(ready("flights.redis.yaml"));
  EXPECT_EQ(redis.at("backends").at("bus").at("plugin"), "redis");
  redis.erase("backends");
#endif
  memory.erase("backends");
  kafka.erase("backends");
  EXPECT_EQ(memory, kafka);
#ifdef DISPYTCH_HAS_REDIS
  EXPECT_EQ(memory, redis);
#endif
}

TEST(ReadyConfig, TellsEditorsItsSchema) {
  for (const auto& entry : fs::directory_iterator{DISPYTCH_READY_CONFIGS}) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string text = config::read_file(entry.path()).value();
    EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema=dispytch.schema.json\n")) << entry.path();
  }
}

TEST(KafkaOptions, ThatDispytchDecidesAreRefusedWithWhatToUse) {
  const config::Loaded loaded = config::load_text(
      "version: 1\nbackends:\n  bus:\n    plugin: kafka\n    config: { bootstrap.servers: a, auto.offset.reset: latest, group.id: g }\n",
      "test.yaml", app::load_options_of_this_process());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(config::report(loaded.error()),
            "test.yaml:5:37: backends.bus.config.auto.offset.reset: not an option here: use the listener's `start: earliest | latest`\n"
            "test.yaml:5:64: backends.bus.config.group.id: not an option here: use the listener's `group`\n2 errors\n");
}

}  // namespace
}  // namespace dispytch::tests
