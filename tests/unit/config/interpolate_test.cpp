#include "config/interpolate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/plugins.hpp"

namespace dispytch::config {
namespace {

using testing::ElementsAre;

Interpolated run(std::string_view text) {
  const LoadOptions options = tests::test_options();
  return interpolate(text, {.environment = options.environment, .file = options.file, .folder = "conf"});
}

TEST(Interpolation, LeavesTextWithoutItAsItIs) {
  for (const char* text : {"", "plain", "pa$word", "$5", "costs $", "{VAR}", "$ {VAR}"}) {
    EXPECT_EQ(run(text).text, text);
    EXPECT_FALSE(run(text).changed) << text;
  }
}

TEST(Interpolation, PutsInVariablesAndDefaults) {
  EXPECT_EQ(run("${SERVERS}").text, "one:1,two:2");
  EXPECT_EQ(run("<${FIVE}${WORD}>").text, "<5five>");
  EXPECT_EQ(run("${UNSET:-fallback}").text, "fallback");
  EXPECT_EQ(run("${UNSET:-}").text, "");
  EXPECT_EQ(run("${UNSET:-localhost:9092}").text, "localhost:9092");
  EXPECT_EQ(run("${UNSET:-a:-b}").text, "a:-b");
  EXPECT_EQ(run("${FIVE:-6}").text, "5");
  EXPECT_EQ(run("${EMPTY}").text, "");
  EXPECT_EQ(run("${EMPTY:-full}").text, "full");
}

TEST(Interpolation, ADoubledDollarIsADollar) {
  EXPECT_EQ(run("$${FIVE}").text, "${FIVE}");
  EXPECT_EQ(run("$$$${FIVE}").text, "$${FIVE}");
  EXPECT_EQ(run("$$${FIVE}").text, "$5");
  EXPECT_EQ(run("${UNSET:-pa$$word}").text, "pa$word");
}

TEST(Interpolation, DoesNotLookAgainAtWhatItPutIn) { EXPECT_EQ(run("${DOLLAR}").text, "a$b${FIVE}"); }

TEST(Interpolation, PutsInFilesWithoutTheirLastNewline) {
  EXPECT_EQ(run("${file:/run/secrets/password}").text, "correct horse");
  EXPECT_EQ(run("${file:/run/secrets/crlf}").text, "line");
  EXPECT_EQ(run("${file:/run/secrets/lines}").text, "one\n");
  EXPECT_EQ(run("${file:near}").text, "beside the config");
}

TEST(Interpolation, KnowsWhatIsSecret) {
  EXPECT_TRUE(run("${file:/run/secrets/password}").secret);
  EXPECT_TRUE(run("amqp://me:${BUS_PASSWORD}@host").secret);
  EXPECT_FALSE(run("${SERVERS}").secret);
}

TEST(Interpolation, NamesWhatIsMissing) {
  EXPECT_THAT(run("${UNSET}").problems,
              ElementsAre("the environment variable `UNSET` isn't set; set it, or give a default: `${UNSET:-default}`"));
  EXPECT_THAT(run("${RUBBISH}").problems, ElementsAre("the environment variable `RUBBISH` holds bytes that are no text in UTF-8"));
  EXPECT_THAT(run("${file:/nowhere}").problems, ElementsAre("the file `/nowhere` of `${file:...}`: there is no such file"));
  EXPECT_THAT(run("${file:/run/secrets/rubbish}").problems,
              ElementsAre("the file `/run/secrets/rubbish` of `${file:...}` holds bytes that are no text in UTF-8"));
  EXPECT_EQ(run("${UNSET} ${ALSO_UNSET}").problems.size(), 2U);
}

TEST(Interpolation, RefusesOtherForms) {
  const std::string forms = "; the forms are ${NAME}, ${NAME:-default} and ${file:/path}, and $$ for a `$`";
  EXPECT_THAT(run("${SERVERS").problems, ElementsAre("`${` is never closed by `}`" + forms));
  EXPECT_THAT(run("${}").problems, ElementsAre("`${}` isn't understood" + forms));
  EXPECT_THAT(run("${5}").problems, ElementsAre("`${5}` isn't understood" + forms));
  EXPECT_THAT(run("${A-B}").problems, ElementsAre("`${A-B}` isn't understood" + forms));
  EXPECT_THAT(run("${A:?no}").problems, ElementsAre("`${A:?no}` isn't understood" + forms));
  EXPECT_THAT(run("${A B:-hunter2}").problems, ElementsAre("`${A B}` isn't understood" + forms));
  EXPECT_THAT(run("${A:-${B}}").problems, ElementsAre("a default can't hold another `${`" + forms));
  EXPECT_THAT(run("${file:}").problems, ElementsAre("`${file:}` names no file" + forms));
}

}  // namespace
}  // namespace dispytch::config
