#include <dispytch/plugin/status.hpp>

#include <cstdint>
#include <cstring>

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "unit/plugin/sized.hpp"

namespace dispytch::plugin {
namespace {

TEST(Status, IsDoneUnlessItSaysSo) {
  EXPECT_TRUE(Status{}.ok());
  EXPECT_EQ(Status::again().code(), DISPYTCH_AGAIN);
  EXPECT_TRUE(Status::timeout().ok());
  const Status failed = Error{.code = DISPYTCH_EAUTH, .text = "no"};
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().text, "no");
}

TEST(Result, HoldsAValueOrAnError) {
  const auto derived = []() -> Result<std::shared_ptr<const int>> { return std::make_shared<int>(3); };
  EXPECT_EQ(**derived(), 3);
  const auto failed = []() -> Result<std::unique_ptr<int>> { return Error{.code = DISPYTCH_ENOTFOUND, .text = "gone"}; };
  EXPECT_FALSE(failed().ok());
  EXPECT_EQ(failed().error().text, "gone");
}

TEST(Fill, WritesWhatFailed) {
  dispytch_error out = sized();
  EXPECT_EQ(detail::fill(&out, Error{.code = DISPYTCH_EAUTH, .text = "no", .retriable = true, .maybe_sent = true, .broker_code = 7}),
            DISPYTCH_EAUTH);
  EXPECT_EQ(out.code, DISPYTCH_EAUTH);
  EXPECT_EQ(out.flags, static_cast<std::uint32_t>(DISPYTCH_ERROR_RETRIABLE | DISPYTCH_ERROR_MAYBE_SENT));
  EXPECT_EQ(out.broker_code, 7);
  EXPECT_STREQ(out.text, "no");
}

TEST(Fill, CutsATextBetweenTwoCharacters) {
  dispytch_error out = sized();
  std::string text(sizeof out.text - 2, 'x');
  text += "é and more";  // its two bytes would straddle the end
  detail::fill(&out, Error{.text = text});
  EXPECT_EQ(std::string{out.text}, std::string(sizeof out.text - 2, 'x'));
  detail::fill(&out, Error{.text = std::string(1000, 'y')});
  EXPECT_EQ(std::strlen(out.text), sizeof out.text - 1);
}

TEST(Fill, LeavesMemoryAloneThatHasNoRoomForAnError) {
  EXPECT_EQ(detail::fill(nullptr, Error{.code = DISPYTCH_EAUTH}), DISPYTCH_EAUTH);
  dispytch_error out = sized();
  out.size = 16;
  detail::fill(&out, Error{.code = DISPYTCH_EAUTH, .text = "no"});
  EXPECT_STREQ(out.text, "");
}

TEST(Fill, MakesAnErrorOfACodeThatIsNone) { EXPECT_EQ(detail::fill(nullptr, Error{.code = DISPYTCH_OK}), DISPYTCH_EINTERNAL); }

}  // namespace
}  // namespace dispytch::plugin
