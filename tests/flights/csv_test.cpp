#include "csv.hpp"

#include <sstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flights {
namespace {

std::vector<std::vector<std::string>> rows(const std::string& text) {
  std::istringstream in{text};
  CsvReader csv{in, "f.csv"};
  std::vector<std::vector<std::string>> rows;
  while (csv.next()) rows.push_back({std::string{csv.field(csv.column("a"))}, std::string{csv.field(csv.column("b"))}});
  return rows;
}

std::string error_in(const std::string& text) {
  try {
    rows(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

using Rows = std::vector<std::vector<std::string>>;

TEST(Csv, FindsColumnsByNameInAnyOrder) { EXPECT_EQ(rows("b,x,a\n1,2,3\n"), (Rows{{"3", "1"}})); }
TEST(Csv, TakesALastLineWithoutItsEnd) { EXPECT_EQ(rows("a,b\n1,2"), (Rows{{"1", "2"}})); }
TEST(Csv, TakesWindowsLineEndsAndAByteOrderMark) {
  EXPECT_EQ(rows("\xEF\xBB\xBF"
                 "a,b\r\n1,2\r\n"),
            (Rows{{"1", "2"}}));
}
TEST(Csv, KeepsEmptyFields) { EXPECT_EQ(rows("a,b\n,\n\"\",x\n"), (Rows{{"", ""}, {"", "x"}})); }
TEST(Csv, UnquotesCommasQuotesAndLineEnds) {
  EXPECT_EQ(rows("a,b\n\"one, \"\"two\"\"\",\"three\nfour\"\n5,6\n"), (Rows{{"one, \"two\"", "three\nfour"}, {"5", "6"}}));
}
TEST(Csv, DoesNotCarryFieldsFromALongerValueToAShorter) {
  EXPECT_EQ(rows("a,b\nlong value,x\ny,z\n"), (Rows{{"long value", "x"}, {"y", "z"}}));
}

TEST(Csv, RefusesAnEmptyFile) { EXPECT_EQ(error_in(""), "f.csv: the file is empty; its first line should name the columns"); }
TEST(Csv, NamesTheLineWithTooFewFields) { EXPECT_EQ(error_in("a,b\n1,2\n3\n"), "f.csv:3: expected 2 fields, as the header has, found 1"); }
TEST(Csv, NamesTheLineWithTooManyFields) { EXPECT_EQ(error_in("a,b\n1,2,3\n"), "f.csv:2: expected 2 fields, as the header has, found 3"); }
TEST(Csv, CountsTheLinesInsideAQuotedField) {
  EXPECT_EQ(error_in("a,b\n\"1\n2\",3\n4\n"), "f.csv:4: expected 2 fields, as the header has, found 1");
}
TEST(Csv, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_EQ(error_in("a,b\n1,\"2\n3,4\n"), "f.csv:2: the quote that opens field 2 is never closed");
}
TEST(Csv, RefusesTextAfterAClosingQuote) {
  EXPECT_EQ(error_in("a,b\n\"1\"x,2\n"), "f.csv:2: text after the closing quote of field 1; expected a comma or the end of the line");
}
TEST(Csv, RefusesAQuoteInsideAnUnquotedField) {
  EXPECT_EQ(error_in("a,b\n1,5\"\n"),
            "f.csv:2: a quote inside field 2, which doesn't begin with one: quote the whole field and double the quote");
}
TEST(Csv, RefusesAHeaderThatNamesAColumnTwice) { EXPECT_EQ(error_in("a,b,a\n"), "f.csv:1: the header names column `a` twice"); }
TEST(Csv, NamesTheColumnsThereAreWhereOneIsMissing) { EXPECT_EQ(error_in("a,c\n1,2\n"), "f.csv:1: no column `b`; there are: a, c"); }

}  // namespace
}  // namespace flights
