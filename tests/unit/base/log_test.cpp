#include "base/log.hpp"

#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dispytch::log {
namespace {

class Log : public ::testing::Test {
 protected:
  ~Log() override { configure(Level::info, Format::text); }

  // What a piece of code writes to standard error.
  template <class F>
  static std::string written(F code) {
    ::testing::internal::CaptureStderr();
    code();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesALineOfTextForPeople) {
  configure(Level::info, Format::text);
  const std::string line = written([] { info("listener.board", "assigned: flights[0]"); });
  EXPECT_TRUE(
      std::regex_match(line, std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info listener\.board: assigned: flights\[0\]\n)"}))
      << line;
}

TEST_F(Log, KeepsALineOneLineWhateverStandsInIt) {
  configure(Level::info, Format::text);
  using namespace std::string_literals;
  const std::string line = written([] { info("app", "key \"a\n2026 error app: forged\0\x1b[31m\x7f\" \xc5\x99"s); });
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  EXPECT_TRUE(line.ends_with(R"(info app: key "a\x0a2026 error app: forged\x00\x1b[31m\x7f" )"
                             "\xc5\x99\n"))
      << line;
}

TEST_F(Log, WritesAnObjectALineAsJson) {
  configure(Level::info, Format::json);
  const std::string line = written([] { error("plugin.kafka", "it said \"no\",\nand left: \xc5\x99"); });
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object.size(), 4u);
  EXPECT_TRUE(std::regex_match(object.at("time").get<std::string>(), std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"}));
  EXPECT_EQ(object.at("level"), "error");
  EXPECT_EQ(object.at("source"), "plugin.kafka");
  EXPECT_EQ(object.at("text"), "it said \"no\",\nand left: \xc5\x99");
}

// Keys of any bytes, texts that were cut within a character, a terminal's CSI as one character, marks that nobody sees.
const std::string kAnyBytes =
    "\xff\x80 \xe2\x82 \xc2\x9b"
    "2J \xef\xbb\xbf \xe2\x80\xae \xed\xa0\x80 \xc5\x99";

TEST_F(Log, IsUtf8JsonWhateverBytesStandInIt) {
  configure(Level::info, Format::json);
  const std::string line = written([] { error("listener.\xff", kAnyBytes); });
  const auto object = nlohmann::json::parse(line);  // refuses what is no UTF-8
  EXPECT_EQ(object.at("source"), "listener.\\xff");
  EXPECT_EQ(object.at("text"),
            "\\xff\\x80 \\xe2\\x82 \xc2\x9b"
            "2J \xef\xbb\xbf \xe2\x80\xae \\xed\\xa0\\x80 \xc5\x99");
  EXPECT_NE(line.find(R"(\u009b2J \ufeff \u202e)"), std::string::npos) << "nothing invisible stands in it as it is: " << line;
}

TEST_F(Log, ShowsEveryInvisibleCharacterToPeople) {
  configure(Level::info, Format::text);
  const std::string line = written([] { error("listener.\x9b", kAnyBytes); });
  EXPECT_TRUE(line.ends_with(R"( error listener.\x9b: \xff\x80 \xe2\x82 \x9b2J \ufeff \u202e \xed\xa0\x80 )"
                             "\xc5\x99\n"))
      << line;
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  configure(Level::warning, Format::text);
  EXPECT_TRUE(enabled(Level::error) && enabled(Level::warning));
  EXPECT_FALSE(enabled(Level::info) || enabled(Level::debug));
  EXPECT_EQ(written([] {
              info("app", "started");
              debug("app", "detail");
            }),
            "");
  EXPECT_NE(written([] { warning("app", "slow"); }).find(" warning app: slow\n"), std::string::npos);
}

}  // namespace
}  // namespace dispytch::log
