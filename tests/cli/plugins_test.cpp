#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Plugins : public CliTest {};

const std::string kReplay = std::string{DISPYTCH_TEST_PLUGINS} + "/replay.so";

TEST_F(Plugins, AreListedWithVersionCapabilitiesAndPath) {
  const Finished finished = dispytch({"plugins"});
  EXPECT_THAT(finished.output, HasSubstr("replay  1.2.3  produce consume keys headers groups partitions ack_up_to"));
  EXPECT_THAT(finished.output, HasSubstr(kReplay + "\n"));
  EXPECT_THAT(finished.output, HasSubstr("memory  "));  // beside the program
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Plugins, AreListedAsJson) {
  const Finished finished = dispytch({"plugins", "--json"});
  const auto all = nlohmann::json::parse(finished.output);
  const auto replay = std::find_if(all.begin(), all.end(), [](const auto& plugin) { return plugin.at("id") == "replay"; });
  ASSERT_NE(replay, all.end());
  EXPECT_EQ(replay->at("version"), "1.2.3");
  EXPECT_EQ(replay->at("path"), kReplay);
  EXPECT_THAT(replay->at("capabilities").dump(), HasSubstr("\"keys\""));
}

TEST_F(Plugins, ThatAreNoneAreNamedAndTheOthersListed) {
  const std::string file = write("broken.so", "no library");
  const Finished finished = dispytch({"plugins"}, {}, {.environment = {{"DISPYTCH_PLUGIN_PATH", folder().string()}}});
  EXPECT_THAT(finished.errors, StartsWith(file + ": "));
  EXPECT_THAT(finished.output, HasSubstr("memory"));
  EXPECT_EQ(finished.exit_code, 1);
}

TEST_F(Plugins, ShowTheirOptionsFromTheirSchema) {
  const Finished finished = dispytch({"plugins", "inspect", "replay"});
  EXPECT_THAT(finished.output, StartsWith("replay 1.2.3  " + kReplay + "\n"));
  EXPECT_THAT(finished.output, HasSubstr("licence Apache-2.0"));
  EXPECT_THAT(finished.output, HasSubstr("backends.NAME.config\n"));
  EXPECT_THAT(finished.output, HasSubstr("  folder: a string, required\n      Where the topics' files lie.\n"));
  EXPECT_THAT(finished.output, HasSubstr("default 5ms\n"));
  EXPECT_THAT(finished.output, HasSubstr("  password: a string, secret\n"));
  EXPECT_THAT(finished.output, HasSubstr("  begin: not an option here; use the listener's `start`\n"));
  EXPECT_THAT(finished.output, HasSubstr("listeners.NAME.config\n  fetch: an integer of at least 1, default 100\n"));
  EXPECT_THAT(finished.output, HasSubstr("and other names, which the broker's client judges\n"));
  EXPECT_EQ(finished.output.find("emitters.NAME.config"), std::string::npos);  // it takes no options there
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Plugins, AreInspectedByPath) { EXPECT_THAT(dispytch({"plugins", "inspect", kReplay}).output, StartsWith("replay 1.2.3")); }

TEST_F(Plugins, AreInspectedAsJson) {
  const auto all = nlohmann::json::parse(dispytch({"plugins", "inspect", "replay", "--json"}).output);
  EXPECT_EQ(all.at("id"), "replay");
  EXPECT_EQ(all.at("interface"), "1.1");
  EXPECT_EQ(all.at("schema").at("$defs").at("consumer").at("properties").at("fetch").at("default"), 100);
}

TEST_F(Plugins, ThatAreNotFoundAreSaidToBe) {
  const Finished finished = dispytch({"plugins", "inspect", "nothing"});
  EXPECT_THAT(finished.errors, HasSubstr("nothing"));
  EXPECT_EQ(finished.output, "");
  EXPECT_EQ(finished.exit_code, 2);
}

TEST_F(Plugins, ThatCannotBeLoadedFail) {
  const Finished finished = dispytch({"plugins", "inspect", write("broken.so", "no library")});
  EXPECT_THAT(finished.errors, HasSubstr("broken.so"));
  EXPECT_EQ(finished.exit_code, 1);
}

}  // namespace
}  // namespace dispytch::testing
