#include "text/escape.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "text/character.hpp"

namespace dispytch::text {
namespace {

using nlohmann::json;
using namespace std::string_literals;

TEST(Printable, ShowsWhatIsVisibleAsItIs) {
  EXPECT_EQ(printable("a \\ \" \xc3\xb6 \xf0\x9f\x9b\xab"), "a \\ \" \xc3\xb6 \xf0\x9f\x9b\xab");
}

TEST(Printable, EscapesWhatIsNot) {
  EXPECT_EQ(printable("\0\x1b[2J\x7f\n\t"s), R"(\x00\x1b[2J\x7f\x0a\x09)");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            R"(\x9b2J)");
  EXPECT_EQ(printable("\xef\xbb\xbf{} \xe2\x80\xae \xf3\xa0\x81\x81"), R"(\ufeff{} \u202e \u{e0041})");
  EXPECT_EQ(printable("\xff\xe2\x82"), R"(\xff\xe2\x82)");
}

TEST(Printable, KeepsTheLayoutThatIsAskedFor) {
  EXPECT_EQ(printable("a\tb\nc\r", Layout::tabs), "a\tb\\x0ac\\x0d");
  EXPECT_EQ(printable("a\tb\nc\r", Layout::lines), "a\tb\nc\\x0d");
}

TEST(JsonString, IsReadBackAsItWas) {
  const std::string bytes = "\0\x1b \" \\ / \n\t\b\f\r \x7f \xc2\x9b \xef\xbb\xbf \xe2\x80\xa8 \xf3\xa0\x81\x81 \xf0\x9f\x9b\xab"s;
  std::string out;
  append_json_string(bytes, out);
  EXPECT_EQ(json::parse(out), bytes);
  EXPECT_EQ(printable(out), out) << "nothing invisible is in it";
}

TEST(JsonString, ShowsBytesThatAreNoUtf8) {
  std::string out;
  append_json_string("a\xff\xe2\x82", out);
  EXPECT_EQ(out, R"("a\\xff\\xe2\\x82")");
  EXPECT_EQ(valid_utf8("a\xff\xe2\x82\xac\xe2\x82"), "a\\xff\xe2\x82\xac\\xe2\\x82");
}

TEST(EscapeJson, KeepsItsMeaning) {
  const json value{{"k\xef\xbb\xbf", {"\xc2\x9b", "\x7f", "\xf3\xa0\x81\x81", "\xc3\xb6"}}};
  const std::string escaped = escape_json(value.dump(2));
  EXPECT_EQ(json::parse(escaped), value);
  EXPECT_EQ(printable(escaped, Layout::lines), escaped);
}

TEST(Escape, MakesVisibleUtf8OfAnyBytes) {
  std::mt19937 random{7};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 12, '\0');
    constexpr std::string_view kTelling = "\xff\x80\xc2\x9b\xe2\x80\xae\xef\xbb\xbf\xf3\xa0\x81\xed\xf4\x90\"\\\n\x1b{a";
    for (char& byte : bytes) byte = random() % 4 == 0 ? static_cast<char>(random()) : kTelling[random() % kTelling.size()];
    const std::string shown = printable(bytes);
    for (std::string_view rest = shown; !rest.empty();) {
      const Character character = first_character(rest);
      ASSERT_TRUE(character.valid && is_visible(character.code_point)) << shown;
      rest.remove_prefix(character.size);
    }
    std::string quoted;
    append_json_string(bytes, quoted);
    ASSERT_EQ(json::parse(quoted), valid_utf8(bytes));
    ASSERT_EQ(printable(quoted), quoted);
    const std::string_view start = cut(bytes, bytes.size() / 2);
    ASSERT_EQ(valid_utf8(bytes), valid_utf8(start) + valid_utf8(bytes.substr(start.size()))) << "cut within a character";
  }
}

}  // namespace
}  // namespace dispytch::text
