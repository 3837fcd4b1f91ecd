// Whatever a plugin's C++ throws, an error with the exception's own text is what crosses the border.
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <dispytch/message.hpp>

#include "abi/support.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "border/producer_handle.hpp"

extern "C" const dispytch_plugin* thrower_plugin(std::uint32_t) noexcept;

namespace dispytch::border {
namespace {

Result<std::shared_ptr<Adapter>> thrower(const std::string& where, const std::string& what = "exception") {
  return Adapter::open(adopt(*thrower_plugin(DISPYTCH_ABI_MINOR)), R"({"config":{"throw":")" + where + R"(","what":")" + what + R"("}})",
                       {}, kTimeout);
}

std::unique_ptr<ProducerHandle> producer_that_throws_from(const std::string& where) {
  return thrower(where).value()->open_producer(kNoConfig, {}, kTimeout).value();
}

std::unique_ptr<ConsumerHandle> consumer_that_throws_from(const std::string& where) {
  return thrower(where).value()->open_consumer(kNoConfig, {}, kTimeout).value();
}

template <class T>
void expect_thrown(const Result<T>& result, const std::string& where) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::internal);
  EXPECT_EQ(result.error().text, "thrown from " + where);
}

TEST(Thrower, OpeningFailsWithTheExceptionsText) {
  expect_thrown(thrower("open"), "open");
  expect_thrown(thrower("producer_open").value()->open_producer(kNoConfig, {}, kTimeout), "producer_open");
  expect_thrown(thrower("consumer_open").value()->open_consumer(kNoConfig, {}, kTimeout), "consumer_open");
}

TEST(Thrower, TheProducersCallsFailWithTheExceptionsText) {
  const dispytch_message message{.token = 1};
  std::uint32_t count = 9;
  dispytch_error error = empty_error();
  EXPECT_EQ(producer_that_throws_from("send")->send({&message, 1}, count, error), DISPYTCH_EINTERNAL);
  EXPECT_EQ(count, 0u);
  EXPECT_STREQ(error.text, "thrown from send");

  dispytch_report report{};
  EXPECT_EQ(producer_that_throws_from("reports")->reports({&report, 1}, count), DISPYTCH_EINTERNAL);
  EXPECT_EQ(count, 0u);
  expect_thrown(producer_that_throws_from("flush")->flush(kTimeout), "flush");
  expect_thrown(producer_that_throws_from("producer_close")->close(kTimeout), "producer_close");
}

TEST(Thrower, TheConsumersCallsFailWithTheExceptionsText) {
  expect_thrown(consumer_that_throws_from("poll")->poll(1, 1, kTimeout), "poll");
  consumer_that_throws_from("wake")->wake();
  const dispytch_settlement settlement{.token = 1, .action = DISPYTCH_ACK, .delay_ms = 0};
  dispytch_error error = empty_error();
  EXPECT_EQ(consumer_that_throws_from("settle")->settle({&settlement, 1}, error), DISPYTCH_EINTERNAL);
  EXPECT_STREQ(error.text, "thrown from settle");
  expect_thrown(consumer_that_throws_from("sync")->sync(kTimeout), "sync");
  expect_thrown(consumer_that_throws_from("pause")->pause({}, true), "pause");
  expect_thrown(consumer_that_throws_from("seek")->seek({}, kTimeout), "seek");
  expect_thrown(consumer_that_throws_from("consumer_close")->close(kTimeout), "consumer_close");
}

TEST(Thrower, HeadersThatCanNotBeReadAreAnExceptionOfCore) {
  const auto consumer = consumer_that_throws_from("headers");
  const Batch batch = consumer->poll(1, 1, kTimeout).value();
  ASSERT_EQ(batch.messages().size(), 1u);
  const Message message{batch.messages()[0], &consumer->api(), consumer->raw()};
  EXPECT_THROW(message.headers(), Exception);
}

TEST(Thrower, ABackendThatCanNotSayWhatItCanDoCanDoNothing) {
  const auto adapter = thrower("capabilities").value();
  EXPECT_EQ(adapter->capabilities(), 0u);
  EXPECT_EQ(adapter->open_producer(kNoConfig, {}, kTimeout).error().code, ErrorCode::not_implemented);
}

TEST(Thrower, ClosingABackendSurvivesAnException) { EXPECT_TRUE(thrower("close").has_value()); }

TEST(Thrower, AnExceptionOfTheSdkKeepsItsCodeAndFlags) {
  const auto failed = thrower("open", "error");
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::auth);
  EXPECT_EQ(failed.error().text, "no permission for open");
  EXPECT_TRUE(failed.error().fatal);
  EXPECT_FALSE(failed.error().retriable);
}

TEST(Thrower, MemoryThatRanOutIsTooBigAndMayBeTriedAgain) {
  const auto failed = thrower("open", "memory");
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::too_big);
  EXPECT_TRUE(failed.error().retriable);
}

TEST(Thrower, WhatIsNoExceptionIsAnInternalError) {
  const auto failed = thrower("open", "int");
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::internal);
  EXPECT_EQ(failed.error().text, "the plugin threw something that is no std::exception");
}

}  // namespace
}  // namespace dispytch::border
