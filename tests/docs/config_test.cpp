// Loads every config file that the documents show, as an application would.
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>

#include "app/wiring.hpp"
#include "config/load.hpp"

namespace dispytch {
namespace {

std::vector<std::filesystem::path> examples() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{DISPYTCH_EXAMPLES}) {
#ifndef DISPYTCH_HAS_REDIS
    if (entry.path().stem() == "configuration_redis") continue;  // the plugin is not built here
#endif
    // broken.yaml shows what `dispytch check` says.
    if (entry.path().extension() == ".yaml" && entry.path().stem() != "broken") files.push_back(entry.path());
  }
  return files;
}

TEST(DocumentedConfig, HasNoMistake) {
  ASSERT_FALSE(examples().empty());
  for (const std::filesystem::path& file : examples()) {
    const config::Loaded loaded = config::load(file, app::load_options_of_this_process());
    EXPECT_TRUE(loaded.has_value()) << config::report(loaded.error());
  }
}

}  // namespace
}  // namespace dispytch
