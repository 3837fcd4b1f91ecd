// Files that nobody means to write: each costs a sentence.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/plugins.hpp"
#include "config/read_file.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::config {
namespace {

namespace fs = std::filesystem;

std::string refusal(const std::string& text, const char* file = "f.yaml") {
  const Loaded result = load_text(text, file, tests::test_options());
  return result ? "accepted" : report(result.error());
}

std::string repeated(const char* text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(Robustness, NamesAFileThatCantBeRead) {
  const dispytch::testing::TemporaryFolder folder;
  const auto refused = [](const fs::path& file) { return report(load(file, tests::test_options()).error()); };
  EXPECT_EQ(refused("/nowhere/x.yaml"), "/nowhere/x.yaml: there is no such file\n1 error\n");
  EXPECT_EQ(refused(folder / "."), (folder / ".").string() + ": this is a directory, not a file\n1 error\n");
  std::ofstream{folder / "empty.yaml"};
  EXPECT_EQ(refused(folder / "empty.yaml"),
            (folder / "empty.yaml").string() + ":1:1: the file says nothing; the least it needs is `version: 1`\n1 error\n");
  EXPECT_EQ(refused("/dev/zero"), "/dev/zero: the file is larger than 4 MiB\n1 error\n");
  fs::create_symlink("loop", folder / "loop");
  EXPECT_NE(refused(folder / "loop").find("loop: the file can't be read: "), std::string::npos);
}

TEST(Robustness, NamesAFileThatThisUserMayNotRead) {
  const dispytch::testing::TemporaryFolder folder;
  std::ofstream{folder / "closed.yaml"} << "version: 1\n";
  fs::permissions(folder / "closed.yaml", fs::perms::none);
  if (::geteuid() == 0) {
    // Root may read everything: give the right up for the length of this test.
    fs::permissions(folder / ".", fs::perms::all);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Result<std::string> content = read_file(folder / "closed.yaml");
  if (::getuid() == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().text, "the file may not be read by this user");
}

TEST(Robustness, ReadsFromAPipe) {  // as in `dispytch check <(generate)`
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "version: 1\n", 11), 11);
  ::close(ends[1]);
  EXPECT_TRUE(load("/dev/fd/" + std::to_string(ends[0]), tests::test_options()).has_value());
  ::close(ends[0]);
}

TEST(Robustness, TakesByteOrderMarksAndCarriageReturns) {
  EXPECT_EQ(refusal("\xEF\xBB\xBFversion: 1\r\nlogging:\r\n  level: debug\r\n"), "accepted");
  EXPECT_EQ(refusal("\xEF\xBB\xBF{\"version\": 1}", "f.json"), "accepted");
  EXPECT_EQ(
      refusal("version: 1\r\nlogging:\r\n  level: debu\r\n"),
      "f.yaml:3:10: logging.level: expected one of `error`, `warning`, `info`, `debug`, found \"debu\"; did you mean `debug`?\n1 error\n");
}

TEST(Robustness, RefusesBytesThatAreNoText) {
  EXPECT_EQ(refusal(std::string{"version: 1\nx: \0", 15}), "f.yaml:2:4: control character 0x00; a config file is text in UTF-8\n1 error\n");
  EXPECT_EQ(refusal("\x7F"
                    "ELF\x02\x01"),
            "f.yaml:1:1: control character 0x7F; a config file is text in UTF-8\n1 error\n");
  EXPECT_EQ(refusal("version: 1\n# caf\xE9\n"), "f.yaml:2:6: byte 0xE9 is no UTF-8; a config file is text in UTF-8\n1 error\n");
  EXPECT_EQ(refusal("\xFF\xFE{"), "f.yaml:1:1: the file is in UTF-16; save it as UTF-8\n1 error\n");
}

TEST(Robustness, ShowsControlCharactersOfKeysAndValuesEscaped) {
  EXPECT_EQ(refusal("version: 1\n\"a\\nb\\e\": 1\nlogging: {level: \"${x\\ny\\x7f}\"}\n"),
            "f.yaml:2:1: \"a\\nb\\u001b\": unknown key; the keys here are: application, backends, control, emitters, http, listeners, "
            "logging, plugins, "
            "version\n"
            "f.yaml:3:18: logging.level: `${x y\\x7F}` isn't understood; the forms are ${NAME}, ${NAME:-default} and ${file:/path}, and $$ "
            "for a `$`\n"
            "2 errors\n");
}

TEST(Robustness, RefusesDeepNesting) {
  EXPECT_EQ(refusal("a: " + repeated("[", 70) + repeated("]", 70)),
            "f.yaml:1:67: mappings and lists are nested more than 64 deep\n1 error\n");
  EXPECT_EQ(refusal(repeated("[", 1'000'000), "f.json"), "f.json:1:65: mappings and lists are nested more than 64 deep\n1 error\n");
  EXPECT_EQ(refusal(repeated("- ", 100'000)), "f.yaml:1:129: mappings and lists are nested more than 64 deep\n1 error\n");
  EXPECT_NE(refusal(repeated("{a: ", 100'000)), "accepted");
  EXPECT_NE(refusal(repeated("? ", 100'000)), "accepted");
}

TEST(Robustness, RefusesAliasesThatMultiply) {
  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const char previous = static_cast<char>(c - 1);
    laughs += std::string{c} + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) laughs += std::string{i == 0 ? "*" : ",*"} + previous;
    laughs += "]\n";
  }
  EXPECT_EQ(refusal(laughs), "f.yaml:6:8: more than 100000 values, those counted that aliases repeat\n1 error\n");
  EXPECT_EQ(refusal("a: &a " + std::string(1'000'000, 'x') + "\nb: [" + repeated("*a,", 20) + "]\n"),
            "f.yaml:2:50: more than 16 MiB of text, that counted which aliases and `${...}` put in\n1 error\n");
  std::string deep = "a: &a1 " + repeated("[", 40) + repeated("]", 40) + "\n";
  EXPECT_EQ(refusal(deep + "b: " + repeated("[", 40) + "*a1" + repeated("]", 40)),
            "f.yaml:2:44: by this alias mappings and lists are nested more than 64 deep\n1 error\n");
}

TEST(Robustness, RefusesTooManyValuesAndTooLongKeys) {
  EXPECT_EQ(refusal("a: [" + repeated("x,", 200'000) + "]"),
            "f.yaml:1:200001: more than 100000 values, those counted that aliases repeat\n1 error\n");
  EXPECT_EQ(refusal("? " + std::string(100'000, 'k') + "\n: 1\n"), "f.yaml:1:3: a key is longer than 1024 bytes\n1 error\n");
}

TEST(Robustness, ReportsThousandsOfMistakes) {
  std::string many = "version: 1\n";
  for (int i = 0; i < 5'000; ++i) many += "key" + std::to_string(i) + ": 1\n";
  const Loaded result = load_text(many, "f.yaml", tests::test_options());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().size(), 5'000U);
  std::string items = "version: 1\nplugins: {paths: [";
  for (int i = 0; i < 5'000; ++i) items += "1,";
  const Loaded wrong = load_text(items + "]}", "f.yaml", tests::test_options());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().size(), 5'000U);
}

}  // namespace
}  // namespace dispytch::config
