#include "cli/line_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch::cli {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  std::string file(const std::string& content) {
    const std::string path = testing::TempDir() + "line_reader_" + std::to_string(getpid());
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }
  std::vector<std::string> lines(const std::string& content) {
    LineReader reader{file(content), stop_.get_token()};
    std::vector<std::string> lines;
    LineReader::Line line;
    while (reader.next(line)) {
      EXPECT_EQ(line.number, lines.size() + 1);
      lines.emplace_back(line.text);
    }
    EXPECT_EQ(reader.consumed(), content.size());
    EXPECT_EQ(reader.size(), content.size());
    return lines;
  }
  std::stop_source stop_;
};

using Lines = std::vector<std::string>;

TEST_F(LineReaderTest, EndsLinesWithEitherLineEndAndTheLastWithNone) { EXPECT_EQ(lines("a\r\n\nb\nc"), (Lines{"a", "", "b", "c"})); }
TEST_F(LineReaderTest, FindsNoLineInAnEmptyFile) { EXPECT_EQ(lines(""), Lines{}); }
TEST_F(LineReaderTest, MakesNoLineOfTheLastLineEnd) { EXPECT_EQ(lines("a\n"), Lines{"a"}); }

TEST_F(LineReaderTest, ReadsLinesThatAreLongerThanItsBuffer) {
  const std::string longer(3 << 20, 'x');
  EXPECT_EQ(lines("a\n" + longer + "\n" + longer + "\nb"), (Lines{"a", longer, longer, "b"}));
}

TEST_F(LineReaderTest, ReadsALineThatEndsAtTheEndOfItsBuffer) {
  for (const std::size_t length : {(1u << 20) - 1, 1u << 20, (1u << 20) + 1}) {
    const std::string text(length, 'x');
    EXPECT_EQ(lines(text + "\n" + text), (Lines{text, text})) << length;
  }
}

TEST_F(LineReaderTest, DropsALineBeyondTheBoundAndGoesOnAfterIt) {
  const std::string path = file("");
  {
    std::ofstream out{path};
    const std::string chunk(1 << 20, 'x');
    for (std::size_t written = 0; written <= LineReader::kLongestLine; written += chunk.size()) out << chunk;
    out << "\nnext\n";
  }
  LineReader reader{path, stop_.get_token()};
  LineReader::Line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_TRUE(line.too_long);
  EXPECT_EQ(line.number, 1u);
  ASSERT_TRUE(reader.next(line));
  EXPECT_FALSE(line.too_long);
  EXPECT_EQ(line.number, 2u);
  EXPECT_EQ(line.text, "next");
  EXPECT_FALSE(reader.next(line));
}

TEST_F(LineReaderTest, SaysWhichFileCannotBeOpened) {
  try {
    LineReader{"/nowhere/lines", stop_.get_token()};
    FAIL() << "it was opened";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "/nowhere/lines: No such file or directory");
  }
  EXPECT_THROW((LineReader{"/", stop_.get_token()}), std::system_error);
}

TEST_F(LineReaderTest, EndsAWaitForInputWhenAskedToStop) {
  const std::string path = testing::TempDir() + "line_reader_pipe_" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::jthread writer{[&] {
    std::ofstream out{path};
    out << "one\ntwo" << std::flush;
    while (!stop_.stop_requested()) std::this_thread::yield();  // keeps the pipe open: no end of input
  }};
  LineReader reader{path, stop_.get_token()};
  LineReader::Line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.text, "one");
  std::jthread stopper{[&] { stop_.request_stop(); }};
  EXPECT_FALSE(reader.next(line));  // "two" is no whole line yet
  EXPECT_TRUE(stop_.stop_requested());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace dispytch::cli
