#include "schema/pointer.hpp"

#include <gtest/gtest.h>

namespace dispytch::schema {
namespace {

using nlohmann::json;

TEST(Pointer, EscapesKeysAndUnescapesSteps) { EXPECT_EQ(child("/a", "b/c~d"), "/a/b~1c~0d"); }

TEST(Pointer, FindsWhatStandsThereAndNothingElse) {
  const json root = {{"a", {1, {{"b", 2}}}}};
  EXPECT_EQ(*find(root, "/a/1/b"), 2);
  EXPECT_EQ(find(root, ""), &root);
  EXPECT_EQ(find(root, "/a/2"), nullptr);
  EXPECT_EQ(find(root, "/a/x"), nullptr);
  EXPECT_EQ(find(root, "/a/1x"), nullptr);
  EXPECT_EQ(find(root, "/a/0/b"), nullptr);
}

TEST(Pointer, KnowsWhatStandsInWhat) {
  EXPECT_TRUE(within("/a", "/a"));
  EXPECT_TRUE(within("/a", "/a/b"));
  EXPECT_TRUE(within("", "/a"));
  EXPECT_FALSE(within("/a", "/ab"));
  EXPECT_TRUE(within_any({"/a", "/c/d"}, "/c/d/e/f"));
  EXPECT_FALSE(within_any({"/a", "/c/d"}, "/c/de"));
  EXPECT_FALSE(within_any({"/a"}, ""));
}

TEST(Pointer, ReadsAsAPathWithItemsInBracketsAndStrangeKeysInQuotes) {
  const json root = {{"topics", json::array({json{{"name", 1}}})}, {"0", json{{"x y", 1}}}};
  EXPECT_EQ(dotted("/topics/0/name", root), "topics[0].name");
  EXPECT_EQ(dotted("/0/x y", root), "0.\"x y\"");
  EXPECT_EQ(dotted("/gone/0/bootstrap.servers", root), "gone.0.bootstrap.servers");
  EXPECT_EQ(dotted("/a\nb", root), "\"a\\nb\"");
  EXPECT_EQ(dotted("", root), "");
}

}  // namespace
}  // namespace dispytch::schema
