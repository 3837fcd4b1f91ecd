#include "text/json_pointer.hpp"

#include <gmock/gmock.h>

namespace dispytch::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(JsonPointer, EscapesWhatStandsInAName) {
  std::string pointer = "/a";
  append_step(pointer, "b/c~d");
  EXPECT_EQ(pointer, "/a/b~1c~0d");
}

TEST(JsonPointer, IsBuiltFromTheInsideOutToo) {
  std::string pointer = "/inner";
  prepend_step(pointer, "out/er");
  EXPECT_EQ(pointer, "/out~1er/inner");
}

TEST(JsonPointer, FallsIntoItsUnescapedSteps) {
  EXPECT_THAT(steps("/a/b~1c~0d/0"), ElementsAre("a", "b/c~d", "0"));
  EXPECT_THAT(steps(""), IsEmpty());
  EXPECT_THAT(steps("/"), ElementsAre(""));
}

}  // namespace
}  // namespace dispytch::text
