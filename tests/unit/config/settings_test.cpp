// An application's own section of the config file, read into its struct.
#include <cstdint>

#include <dispytch/settings.hpp>

#include <gmock/gmock.h>

#include "config/load.hpp"
#include "config/plugins.hpp"
#include "config/settings.hpp"

namespace dispytch::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

enum class Mode { fast, careful };
DISPYTCH_ENUM(Mode, fast, careful)

struct Database {
  static constexpr auto required = dispytch::fields("url");
  Secret url = {};
  std::uint16_t connections = 4;
};
DISPYTCH_SETTINGS(Database, url, connections)

struct Settings {
  static constexpr auto required = dispytch::fields("database");
  Database database = {};
  bool dry_run = false;
  std::int64_t offset = -1;
  double ratio = 0.5;
  std::string name = "shop";
  Mode mode = Mode::careful;
  std::chrono::milliseconds poll{500};
  std::chrono::hours keep{24};
  Bytes cache{1024};
  std::optional<int> limit = {};
  std::vector<std::string> regions = {"eu"};
  std::map<std::string, std::chrono::seconds> timeouts = {};
  std::vector<Database> replicas = {};
};
DISPYTCH_SETTINGS(Settings, database, dry_run, offset, ratio, name, mode, poll, keep, cache, limit, regions, timeouts, replicas)

Loaded load_section(const std::string& section) {
  LoadOptions options = tests::test_options();
  options.application = settings_schema(detail::SettingsOf<Settings>::value);
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "DB") return "db://user:hunter2@host";
    return name == "CONNECTIONS" ? std::optional<std::string>{"many"} : std::nullopt;
  };
  return load_text("version: 1\n" + section, "shop.yaml", options);
}

Settings settings_of(const std::string& section) {
  Settings settings;
  const Loaded loaded = load_section(section);
  EXPECT_TRUE(loaded.has_value()) << report(loaded.error());
  if (loaded) read_settings(detail::SettingsOf<Settings>::value, loaded->application, &settings);
  return settings;
}

std::string refusal_of(const std::string& section) {
  const Loaded loaded = load_section(section);
  return loaded ? "nothing was refused" : report(loaded.error());
}

TEST(Settings, AreReadIntoEachMember) {
  const Settings settings = settings_of(R"(application:
  database: { url: "${DB}", connections: 16 }
  dry_run: true
  offset: -7
  ratio: 2
  name: "${NAME:-other}"
  mode: fast
  poll: 2s
  keep: 2d
  cache: 64MiB
  limit: 9
  regions: [us, asia]
  timeouts: { read: 5s, write: 1m }
  replicas: [{ url: a }, { url: b, connections: 1 }]
)");
  EXPECT_EQ(settings.database.url.reveal(), "db://user:hunter2@host");
  EXPECT_EQ(settings.database.connections, 16);
  EXPECT_TRUE(settings.dry_run);
  EXPECT_EQ(settings.offset, -7);
  EXPECT_EQ(settings.ratio, 2.0);
  EXPECT_EQ(settings.name, "other");
  EXPECT_EQ(settings.mode, Mode::fast);
  EXPECT_EQ(settings.poll, 2s);
  EXPECT_EQ(settings.keep, 48h);
  EXPECT_EQ(settings.cache, Bytes{64U << 20U});
  EXPECT_EQ(settings.limit, 9);
  EXPECT_THAT(settings.regions, ElementsAre("us", "asia"));
  EXPECT_THAT(settings.timeouts, ElementsAre(Pair("read", 5s), Pair("write", 60s)));
  ASSERT_EQ(settings.replicas.size(), 2);
  EXPECT_EQ(settings.replicas[1].connections, 1);
}

TEST(Settings, KeepWhatTheStructSaysOfWhatTheFileLeavesOut) {
  const Settings settings = settings_of("application: { database: { url: x } }\n");
  EXPECT_EQ(settings.database.connections, 4);
  EXPECT_EQ(settings.poll, 500ms);
  EXPECT_EQ(settings.limit, std::nullopt);
  EXPECT_THAT(settings.regions, ElementsAre("eu"));
}

TEST(Settings, HaveTheDiagnosticsOfEveryOtherKey) {
  EXPECT_EQ(refusal_of("application:\n  database: { url: x, conections: 4 }\n  poll: soon\n  mode: quick\n  offset: 1.5\n"),
            "shop.yaml:3:23: application.database.conections: unknown key; did you mean `connections`?\n"
            "shop.yaml:4:9: application.poll: expected a duration such as `250ms` or `5s`, of at least 0s, found \"soon\"\n"
            "shop.yaml:5:9: application.mode: expected one of `fast`, `careful`, found \"quick\"\n"
            "shop.yaml:6:11: application.offset: expected an integer, found 1.5\n4 errors\n");
  EXPECT_THAT(refusal_of("application: { database: { url: x, connections: 65536 } }\n"), ::testing::HasSubstr("found 65536"));
  EXPECT_THAT(refusal_of("application: { database: { url: x, connections: \"${CONNECTIONS}\" } }\n"),
              ::testing::HasSubstr("found the value of \"${CONNECTIONS}\""));
  EXPECT_THAT(refusal_of("application: { database: {} }\n"), ::testing::HasSubstr("application.database.url: missing"));
  EXPECT_THAT(refusal_of(""), ::testing::HasSubstr("application.database: missing")) << "the section is required where a member of it is";
}

TEST(Settings, NeverShowASecret) {
  const Loaded loaded = load_section("application: { database: { url: \"${DB}\" } }\n");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(describe(*loaded).at("application").at("database").at("url"), "***");
  EXPECT_EQ(scrub(*loaded, "can't reach db://user:hunter2@host"), "can't reach ***");
  EXPECT_EQ(refusal_of("application: { database: { url: 7 } }\n").find('7', 20), std::string::npos);
}

// `dispytch check` doesn't know the application.
TEST(Settings, OfAnUnknownApplicationAreLeftUnjudged) {
  const Loaded loaded = load_text("version: 1\napplication: { anything: [1, 2], db_password: x }\n", "shop.yaml", tests::test_options());
  ASSERT_TRUE(loaded.has_value()) << report(loaded.error());
  EXPECT_EQ(describe(*loaded).at("application").at("db_password"), "***");
  EXPECT_FALSE(load_text("version: 1\napplication: 7\n", "shop.yaml", tests::test_options()).has_value());
}

}  // namespace
}  // namespace dispytch::config
