#include "border/error.hpp"

#include <cstring>

#include <string>

#include <gtest/gtest.h>

namespace dispytch::border {
namespace {

TEST(BorderError, KeepsTextFlagsAndTheBrokersCode) {
  dispytch_error raw = empty_error();
  std::strcpy(raw.text, "no broker of `eu` can be reached");
  raw.flags = DISPYTCH_ERROR_RETRIABLE | DISPYTCH_ERROR_MAYBE_SENT | DISPYTCH_ERROR_FATAL;
  raw.broker_code = -195;
  const Error error = to_error(DISPYTCH_EUNAVAILABLE, raw, "kafka", "sending a message");
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(error.text, "no broker of `eu` can be reached");
  EXPECT_TRUE(error.retriable);
  EXPECT_TRUE(error.maybe_sent);
  EXPECT_TRUE(error.fatal);
  EXPECT_EQ(error.broker_code, -195);
}

TEST(BorderError, ReadsATextThatFillsItsWholeSpace) {
  dispytch_error raw = empty_error();
  std::memset(raw.text, 'x', sizeof raw.text);
  EXPECT_EQ(to_error(DISPYTCH_EINVAL, raw, "kafka", "polling").text, std::string(sizeof raw.text, 'x'));
}

TEST(BorderError, MapsEveryStatusOneToOne) {
  EXPECT_EQ(error_code(DISPYTCH_AGAIN), ErrorCode::full);
  EXPECT_EQ(error_code(DISPYTCH_TIMEOUT), ErrorCode::timeout);
  EXPECT_EQ(error_code(DISPYTCH_ENOTIMPL), ErrorCode::not_implemented);
  EXPECT_EQ(error_code(DISPYTCH_EINVAL), ErrorCode::invalid);
  EXPECT_EQ(error_code(DISPYTCH_ECONFIG), ErrorCode::config);
  EXPECT_EQ(error_code(DISPYTCH_EAUTH), ErrorCode::auth);
  EXPECT_EQ(error_code(DISPYTCH_EUNAVAILABLE), ErrorCode::unavailable);
  EXPECT_EQ(error_code(DISPYTCH_ENOTFOUND), ErrorCode::not_found);
  EXPECT_EQ(error_code(DISPYTCH_ETOOBIG), ErrorCode::too_big);
  EXPECT_EQ(error_code(DISPYTCH_EFENCED), ErrorCode::fenced);
  EXPECT_EQ(error_code(DISPYTCH_ECLOSED), ErrorCode::closed);
  EXPECT_EQ(error_code(DISPYTCH_EINTERNAL), ErrorCode::internal);
  EXPECT_EQ(error_code(-77), ErrorCode::internal) << "of a later version";
}

TEST(BorderTimeout, IsCutToWhatTheBorderCarries) {
  EXPECT_EQ(timeout_ms(std::chrono::milliseconds{250}), 250);
  EXPECT_EQ(timeout_ms(std::chrono::milliseconds{0}), 0);
  EXPECT_EQ(timeout_ms(std::chrono::milliseconds{-5}), -1) << "no bound";
  EXPECT_EQ(timeout_ms(std::chrono::hours{24 * 365}), INT32_MAX);
}

}  // namespace
}  // namespace dispytch::border
