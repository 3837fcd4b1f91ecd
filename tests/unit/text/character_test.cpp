#include "text/character.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace dispytch::text {
namespace {

TEST(FirstCharacter, ReadsEachLength) {
  EXPECT_EQ(first_character("a").code_point, U'a');
  EXPECT_EQ(first_character("\xc3\xb6...").code_point, U'\u00f6');
  EXPECT_EQ(first_character("\xe2\x82\xac").code_point, U'\u20ac');
  EXPECT_EQ(first_character("\xf4\x8f\xbf\xbf").code_point, char32_t{0x10FFFF});
  EXPECT_EQ(first_character("\xf0\x9f\x9b\xab").size, 4u);
}

TEST(FirstCharacter, TakesAByteThatBeginsNoneByItself) {
  for (const char* const bytes : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                  "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x9b"}) {
    const Character character = first_character(bytes);
    EXPECT_FALSE(character.valid) << bytes;
    EXPECT_EQ(character.size, 1u);
    EXPECT_EQ(character.code_point, static_cast<unsigned char>(bytes[0]));
  }
}

TEST(IsVisible, LeavesOutControlsAndWhatIsDrawnAsNothing) {
  for (const char32_t each : {0x00, 0x1b, 0x7f, 0x80, 0x9b, 0x9f, 0xad, 0x200b, 0x200f, 0x2028, 0x202e, 0x2066, 0xfe0f, 0xfeff, 0xe0041})
    EXPECT_FALSE(is_visible(each)) << std::hex << static_cast<std::uint32_t>(each);
  for (const char32_t each : {0x20, 0x7e, 0xa0, 0xf6, 0x2010, 0x2027, 0x202f, 0x20ac, 0xfffd, 0x1f6eb, 0x10ffff})
    EXPECT_TRUE(is_visible(each)) << std::hex << static_cast<std::uint32_t>(each);
}

TEST(Cut, EndsBetweenTwoCharacters) {
  const std::string text = "a\xc3\xb6\xe2\x82\xac\xf0\x9f\x9b\xab";  // 1, 2, 3 and 4 bytes
  const std::size_t borders[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t most = 0; most < std::size(borders); ++most) EXPECT_EQ(cut(text, most), text.substr(0, borders[most])) << most;
}

TEST(Cut, TakesBytesThatAreNoUtf8ByThemselves) {
  EXPECT_EQ(cut("\x80\x80\x80\x80\x80", 3), "\x80\x80\x80");
  EXPECT_EQ(cut("\xe2\x82\xe2\x82\xe2", 2), "\xe2\x82");
  EXPECT_EQ(cut("\xff\xff", 1), "\xff");
}

}  // namespace
}  // namespace dispytch::text
