#include "cli/any_bytes.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace dispytch::cli {
namespace {

TEST(AnyBytes, AreShownAsUtf8InWhichAllIsVisible) {
  const std::string_view seeds[] = {
      "t\xff\x1e\xff\x80\x1e"
      "h\xc2\x9b\x1e\xef\xbb\xbf\x1e{\"body\":{\"a\":1e400,\"a\":\"\xe2\x80\xae\"}}",
      "t\x1ek\x1eh\x1ev\x1e{\"id\":\"\\u009b\",\"type\":\"t\",\"body\":[\"\\ud83d\\udeeb\", -0, {}]}",
      "\x1b[2J\x1e\x1e\x1e\x1e\xef\xbb\xbf{}",
      "\x1e\x1e\x1e"
      "7\x1e \"\x7f\" "};
  std::mt19937 random{11};
  for (int round = 0; round < 3'000; ++round) {
    std::string input{seeds[random() % std::size(seeds)]};
    for (auto changes = random() % 4; changes > 0 && !input.empty(); --changes)
      input[random() % input.size()] = static_cast<char>(random());
    if (random() % 8 == 0) input.resize(random() % (input.size() + 1));
    ASSERT_EQ(show_any_bytes(input), "");
  }
}

}  // namespace
}  // namespace dispytch::cli
