#include <gtest/gtest.h>

#include <dispytch/plugin/secrets.hpp>

namespace dispytch::plugin {
namespace {

std::string hidden(std::initializer_list<const char*> values, const char* text) {
  Secrets secrets;
  for (const char* value : values) secrets.add(value);
  return secrets.hide(text);
}

TEST(Secrets, AreHiddenWhereverTheyStand) {
  EXPECT_EQ(hidden({"hunter2"}, "no hunter2, nor xhunter2y"), "no ***, nor x***y");
  EXPECT_EQ(hidden({}, "nothing to hide"), "nothing to hide");
  EXPECT_EQ(hidden({""}, "nothing to hide"), "nothing to hide");
}

TEST(Secrets, HideTheLongerOneOfWhichAnotherIsAPart) { EXPECT_EQ(hidden({"hunter", "hunter2"}, "hunter2 and hunter"), "*** and ***"); }

TEST(Secrets, OfAFewLettersAreHiddenOnlyWhereAValueIsShown) {
  EXPECT_EQ(hidden({"a"}, "a value \"a\", 'a', `a`, k=a; and k=ab"), "a value \"***\", '***', `***`, k=***; and k=ab");
}

}  // namespace
}  // namespace dispytch::plugin
