// What a consumer of a broker without patterns of its own subscribes to.
#include <dispytch/plugin/subscription.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Subscription subscription(const char* json) { return read_subscription(Config{json}); }

TEST(Subscription, IsReadFromTheHostsDocument) {
  const Subscription read = subscription(R"({"topics":[{"name":"a","config":{}},{"pattern":"b.{x}"}],"group":"g","start":"latest"})");
  EXPECT_THAT(read.names, ElementsAre("a"));
  EXPECT_EQ(read.group, "g");
  EXPECT_FALSE(read.from_oldest);
  EXPECT_TRUE(read.matches("b.1"));
  EXPECT_TRUE(subscription(R"({"topics":[{"name":"a"}]})").from_oldest);
}

TEST(Subscription, NeedsATopic) { EXPECT_THROW(subscription(R"({"topics":[]})"), Exception); }

TEST(Subscription, APartInBracesStandsForOnePart) {
  const Subscription read = subscription(R"({"topics":[{"pattern":"user.{user.id}.a+b"}]})");
  EXPECT_TRUE(read.matches("user.42.a+b"));
  EXPECT_FALSE(read.matches("user.42.x.a+b"));
  EXPECT_FALSE(read.matches("user..a+b"));
  EXPECT_FALSE(read.matches("user.42.aab"));
  EXPECT_FALSE(read.matches("a.user.42.a+b"));
  EXPECT_FALSE(read.matches("userx42xa+b"));
  EXPECT_TRUE(subscription(R"({"topics":[{"pattern":"a{b}.{}"}]})").matches("a{b}.{}")) << "braces that are no part stand for themselves";
}

TEST(Subscription, ACircumflexMakesItARegularExpression) {
  const Subscription read = subscription(R"json({"topics":[{"pattern":"^orders-(eu|us)"}]})json");
  EXPECT_TRUE(read.matches("orders-eu-1"));
  EXPECT_FALSE(read.matches("orders-jp"));
  try {
    subscription(R"({"topics":[{"pattern":"^("}]})");
    FAIL() << "a broken expression was taken";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ECONFIG);
    EXPECT_THAT(exception.what(), HasSubstr("/topics/0/pattern: expected a POSIX extended regular expression, found \"^(\""));
  }
}

TEST(Subscription, WantsWhatIsNamedOrMatched) {
  const Subscription read = subscription(R"({"topics":[{"name":"a"},{"pattern":"b.{x}"}],"group":"g","ephemeral":true,"instance":"i"})");
  EXPECT_TRUE(read.wants("a"));
  EXPECT_TRUE(read.wants("b.1"));
  EXPECT_FALSE(read.wants("b"));
  EXPECT_FALSE(read.has_group()) << "nothing of a look is kept";
  EXPECT_EQ(read.instance, "i");
}

}  // namespace
}  // namespace dispytch::plugin
