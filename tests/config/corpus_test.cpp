// Every file of broken/ and its exact report, every file of good/ and what it comes to.
//
// A new case is the file alone: the failing test prints what stands to be saved as NAME.expected, once it reads as it should.
#include <algorithm>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/plugins.hpp"
#include "config/read_file.hpp"

namespace dispytch::tests {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const char* folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{fs::path{DISPYTCH_CONFIG_CORPUS} / folder})
    if (entry.path().extension() != ".expected") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string expected(fs::path file) {
  const Result<std::string> content = config::read_file(file.replace_extension(".expected"));
  return content ? *content : "";
}

config::Loaded load(const fs::path& file) { return config::load_text(config::read_file(file).value(), file.filename(), test_options()); }

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

class BrokenConfig : public testing::TestWithParam<fs::path> {};

TEST_P(BrokenConfig, IsReportedExactly) {
  const config::Loaded result = load(GetParam());
  ASSERT_FALSE(result.has_value()) << "the file was accepted";
  EXPECT_EQ(config::report(result.error()), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Corpus, BrokenConfig, testing::ValuesIn(files_in("broken")), name_of);

class GoodConfig : public testing::TestWithParam<fs::path> {};

TEST_P(GoodConfig, IsLoaded) {
  const config::Loaded result = load(GetParam());
  ASSERT_TRUE(result.has_value()) << config::report(result.error());
  EXPECT_EQ(config::describe(*result).dump(2) + '\n', expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Corpus, GoodConfig, testing::ValuesIn(files_in("good")), name_of);

TEST(ConfigCorpus, HoldsAtLeastSixtyBrokenFilesAndNoOrphan) {
  EXPECT_GE(files_in("broken").size(), 60U);
  for (const char* folder : {"broken", "good"}) {
    const auto entries = std::distance(fs::directory_iterator{fs::path{DISPYTCH_CONFIG_CORPUS} / folder}, fs::directory_iterator{});
    EXPECT_EQ(static_cast<std::size_t>(entries), 2 * files_in(folder).size())
        << folder << ": each file has its .expected, and each .expected its file";
  }
}

}  // namespace
}  // namespace dispytch::tests
