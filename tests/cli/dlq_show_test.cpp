// What `dispytch dlq show` and `list` show of letters, whatever is in them.
#include "cli/dlq_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Dlq, ShowTellsAllOfOneLetter) {
  bury({});
  bury({.payload = "\x01 not json", .headers = {{"trace", "abc"}}});
  const Finished json = dlq("show", {"0:0"});
  EXPECT_THAT(json.output, StartsWith("orders.dlq/0:0  "));
  EXPECT_THAT(json.output, HasSubstr("\nkey: k\nheaders:\n  dispytch-reason: failed\n"));
  EXPECT_THAT(json.output, HasSubstr("  dispytch-first: 1767323044000\n"));
  EXPECT_THAT(json.output, HasSubstr("\npayload, 66 bytes:\n{\n  \"id\": \"1\",\n"));
  const Finished bytes = dlq("show", {"orders.dlq/0:1"});
  EXPECT_THAT(bytes.output, HasSubstr("\n  trace: abc\n"));
  EXPECT_THAT(bytes.output, EndsWith("\npayload, 10 bytes, no JSON:\n\\x01 not json\n"));
  EXPECT_EQ(bytes.exit_code, 0);
}

TEST_F(Dlq, ShowKeepsTheDigitsAndEveryKeyOfThePayload) {
  bury({.payload = R"({"a":18446744073709551617,"b":[0.10, 1E5,1e400,{ },[ ]],"a":"\u00e9"})"});
  EXPECT_THAT(dlq("show", {"0:0"}).output,
              EndsWith(":\n{\n  \"a\": 18446744073709551617,\n  \"b\": [\n    0.10,\n    1E5,\n    1e400,\n    {},\n    []\n  ],\n  \"a\": "
                       "\"\\u00e9\"\n}\n"));
}

TEST_F(Dlq, ShowsNothingThatSteersATerminal) {
  const std::string bytes = "\xff\x1b \xc2\x9b \xef\xbb\xbf \xe2\x80\xae";
  bury({.payload = "{\"x\":\"\xc2\x9b\xef\xbb\xbf\"}", .handler = bytes, .headers = {{"trace" + bytes, bytes}}});
  const std::string shown = R"(\xff\x1b \x9b \ufeff \u202e)";
  const Finished one = dlq("show", {"0:0"});
  EXPECT_THAT(one.output, HasSubstr("  trace" + shown + ": " + shown + "\n"));
  EXPECT_THAT(one.output, EndsWith("{\n  \"x\": \"\\u009b\\ufeff\"\n}\n"));
  EXPECT_THAT(dlq("list").output, HasSubstr("handler: " + shown));
  const Finished json = dlq("list", {"--json"});
  EXPECT_EQ(nlohmann::json::parse(json.output).at("handler"), "\\xff\x1b \xc2\x9b \xef\xbb\xbf \xe2\x80\xae");
}

TEST_F(Dlq, ShowSaysThatThereIsNoSuchLetter) {
  bury({});
  const Finished finished = dlq("show", {"0:9"});
  EXPECT_THAT(finished.errors, HasSubstr("there is no letter at orders.dlq/0:9"));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(dlq("show", {"3:0"}).errors, HasSubstr("there is no letter at orders.dlq/3:0"));
}

}  // namespace
}  // namespace dispytch::testing
