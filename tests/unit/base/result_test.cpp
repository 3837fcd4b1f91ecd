#include <dispytch/result.hpp>

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dispytch {
namespace {

TEST(Result, ValueThrowsTheErrorsOwnText) {
  Result<int> result = Error{.code = ErrorCode::not_found, .text = "no topic `orders` in cluster `eu`"};
  ASSERT_FALSE(result.has_value());
  try {
    (void)result.value();
    FAIL() << "value() did not throw";
  } catch (const Exception& exception) {
    EXPECT_STREQ(exception.what(), "no topic `orders` in cluster `eu`");
    EXPECT_EQ(exception.error().code, ErrorCode::not_found);
  }
}

TEST(Result, HoldsAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Result, TheValueOfATemporaryLivesAsLongAsALoopOverIt) {
  const auto look = [] { return Result<std::vector<std::string>>{{std::string(64, 'a'), std::string(64, 'b')}}; };
  std::string all;
  for (const std::string& each : look().value()) all += each;
  EXPECT_EQ(all, std::string(64, 'a') + std::string(64, 'b'));
  const auto& kept = *look();
  EXPECT_EQ(kept.size(), 2u);
}

}  // namespace
}  // namespace dispytch
