#include "config/text.hpp"

#include <gtest/gtest.h>

namespace dispytch::config {
namespace {

TEST(Lines, CountLinesAndCharactersFromOne) {
  const std::string text = "a\nbc\r\n\näöx\n";
  const Lines lines{text};
  EXPECT_EQ(lines.position(0), (Position{1, 1}));
  EXPECT_EQ(lines.position(1), (Position{1, 2}));
  EXPECT_EQ(lines.position(2), (Position{2, 1}));
  EXPECT_EQ(lines.position(6), (Position{3, 1}));
  EXPECT_EQ(lines.position(text.find('x')), (Position{4, 3}));
  EXPECT_EQ(lines.position(text.size()), (Position{5, 1}));
  EXPECT_EQ(lines.position(1'000'000), (Position{5, 1}));
  EXPECT_EQ(lines.line(3), "bc");
  EXPECT_EQ(lines.line(text.size()), "");
}

TEST(Lines, CountAlsoFarInsideALongLine) {
  std::string text = "first\n";
  for (int i = 0; i < 1000; ++i) text += "ä";
  text += 'x';
  EXPECT_EQ(Lines{text}.position(text.size() - 1), (Position{2, 1001}));
}

TEST(Lines, AnEmptyTextHasOnePlace) { EXPECT_EQ(Lines{""}.position(0), (Position{1, 1})); }

TEST(Text, IsUtf8WithoutControlCharacters) {
  EXPECT_EQ(find_text_error("plain\ttext\r\n"), std::nullopt);
  EXPECT_EQ(find_text_error("\x7E ä € 𝄞 \xF4\x8F\xBF\xBF"), std::nullopt);
  const auto offset = [](std::string_view bytes) { return find_text_error(bytes).value().offset; };
  EXPECT_EQ(offset(std::string_view{"a\0", 2}), 1U);
  EXPECT_EQ(offset("ab\x1B"), 2U);
  EXPECT_EQ(offset("\x7F"), 0U);
  EXPECT_EQ(offset("ab\xFF"), 2U);
  EXPECT_EQ(offset("\xC3"), 0U);              // cut short
  EXPECT_EQ(offset("\xC0\x80"), 0U);          // overlong
  EXPECT_EQ(offset("\xE0\x80\x80"), 0U);      // overlong
  EXPECT_EQ(offset("\xF0\x80\x80\x80"), 0U);  // overlong
  EXPECT_EQ(offset("\xED\xA0\x80"), 0U);      // a surrogate
  EXPECT_EQ(offset("\xF4\x90\x80\x80"), 0U);  // beyond U+10FFFF
  EXPECT_EQ(offset("\x80"), 0U);
  EXPECT_EQ(find_text_error("\xFE\xFFx").value().text, "the file is in UTF-16; save it as UTF-8");
}

TEST(Text, LosesItsByteOrderMark) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBFx"), "x");
  EXPECT_EQ(without_byte_order_mark("x"), "x");
}

}  // namespace
}  // namespace dispytch::config
