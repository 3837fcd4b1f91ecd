// The public Backend: a plugin without a config file.
#include <dispytch/backend.hpp>

#include <cstdint>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/support.hpp"
#include "border/access.hpp"
#include "border/error.hpp"

namespace dispytch {
namespace {

using border::Access;
using border::library_path;
using ::testing::HasSubstr;

template <class F>
Error thrown_by(F&& body) {
  try {
    std::forward<F>(body)();
  } catch (const Exception& exception) {
    return exception.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Backend, OpensProducersAndConsumersThatKeepItAlive) {
  auto opened = [] {
    const Backend echo = Backend::load("echo_sdk", {{"capacity", 8}}, {.plugin_paths = {DISPYTCH_ABI_LIBRARIES}});
    return std::pair{echo.producer(), echo.consumer({.topics = {"echo"}, .group = "tests"})};
  }();
  const auto producer = Access::take(std::move(opened.first));
  const auto consumer = Access::take(std::move(opened.second));
  const dispytch_message message{.topic = {reinterpret_cast<const std::uint8_t*>("echo"), 4}, .token = 1};
  std::uint32_t accepted = 0;
  dispytch_error error = border::empty_error();
  EXPECT_EQ(producer->send({&message, 1}, accepted, error), DISPYTCH_OK);
  const border::Batch assigned = consumer->poll(1, 1, std::chrono::milliseconds{0}).value();
  EXPECT_EQ(assigned.kind(), static_cast<std::uint32_t>(DISPYTCH_ASSIGNED));
}

TEST(Backend, ThrowsWhereThePluginIsNotFound) {
  const Error error = thrown_by([] { Backend::load("no_such_broker"); });
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_THAT(error.text, HasSubstr("no plugin `no_such_broker`"));
}

TEST(Backend, ChecksItsOptionsAgainstThePluginsSchema) {
  const std::string echo = library_path("echo_sdk").string();
  const Error unknown = thrown_by([&] { Backend::load(echo, {{"capacty", 8}}); });
  EXPECT_EQ(unknown.code, ErrorCode::config);
  EXPECT_THAT(unknown.text, HasSubstr("the backend options of plugin `echo_sdk`"));
  EXPECT_THAT(unknown.text, HasSubstr("did you mean `capacity`?"));
  EXPECT_THAT(thrown_by([&] { Backend::load(echo, {{"capacity", "many"}}); }).text, HasSubstr("/capacity: expected an integer"));
  EXPECT_THAT(thrown_by([&] { Backend::load(echo, {{"capacity", 65}}); }).text, HasSubstr("/capacity: expected an integer"));
}

TEST(Backend, ChecksTheOptionsOfProducersAndConsumers) {
  const Backend echo = Backend::load(library_path("echo_sdk").string());
  EXPECT_THAT(thrown_by([&] {
                (void)echo.producer({.config = {{"acks", "all"}}});
              }).text,
              HasSubstr("the producer options of plugin `echo_sdk`"));
  EXPECT_THAT(thrown_by([&] {
                (void)echo.consumer({.topics = {"echo"}, .config = {{"acks", "all"}}});
              }).text,
              HasSubstr("the consumer options of plugin `echo_sdk`"));
}

TEST(Backend, SaysWhoseOptionThePluginRefused) {
  const Error error = thrown_by([] { Backend::load(library_path("echo_sdk").string(), {{"fail", "now"}}); });
  EXPECT_EQ(error.code, ErrorCode::config);
  EXPECT_EQ(error.text, "the backend options of plugin `echo_sdk`: /config/fail: expected to be absent; remove it to open the echo");
}

TEST(Backend, RefusesAnOptionThatIsGivenTwice) {
  const Error error = thrown_by([] { Backend::load(library_path("echo_sdk").string(), {{"capacity", 1}, {"capacity", 2}}); });
  EXPECT_EQ(error.code, ErrorCode::config);
  EXPECT_THAT(error.text, HasSubstr("`capacity` is given twice"));
}

TEST(Properties, TakeTheTypeOfWhatTheyAreGiven) {
  const Properties all{{"text", "localhost:9092"}, {"flag", true}, {"integer", 3}, {"number", 0.5}};
  EXPECT_TRUE(std::holds_alternative<std::string>(all.values()[0].second));
  EXPECT_TRUE(std::holds_alternative<bool>(all.values()[1].second));
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(all.values()[2].second));
  EXPECT_TRUE(std::holds_alternative<double>(all.values()[3].second));
}

}  // namespace
}  // namespace dispytch
