#include "options.hpp"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace {

using dispytch::plugin::Config;
using dispytch::plugin::Exception;
using dispytch::redis::ConsumerOptions;
using dispytch::redis::Options;
using dispytch::redis::ProducerOptions;
using std::chrono::milliseconds;

Config config(const std::string& json) { return Config{R"({"config":)" + json + "}"}.at("config"); }
Options options(const std::string& json) { return Options{config(json)}; }

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, DISPYTCH_ECONFIG);
    return exception.what();
  }
  return "taken";
}
std::string refusal(const std::string& json) {
  return refusal([&] { options(json); });
}

TEST(RedisOptions, ReadAnAddress) {
  EXPECT_EQ(options("{}").address.host, "localhost");
  EXPECT_EQ(options("{}").address.port, 6379);
  EXPECT_EQ(options(R"({"address": "redis-1"})").address.port, 6379);
  EXPECT_EQ(options(R"({"address": "redis-1:7000"})").address.host, "redis-1");
  EXPECT_EQ(options(R"({"address": "redis-1:7000"})").address.port, 7000);
  EXPECT_EQ(options(R"({"address": "[::1]:7000"})").address.host, "::1");
  EXPECT_EQ(options(R"({"address": "[::1]"})").address.port, 6379);
  EXPECT_EQ(options(R"({"address": "unix:/run/redis.sock"})").address.path, "/run/redis.sock");
}

TEST(RedisOptions, RefuseAnAddressWithItsPointer) {
  EXPECT_EQ(refusal(R"({"address": ":7000"})"), "/config/address: expected host:port, found \":7000\"");
  EXPECT_EQ(refusal(R"({"address": "redis-1:"})"), "/config/address: expected host:port, found \"redis-1:\"");
  EXPECT_EQ(refusal(R"({"address": "redis-1:0"})"),
            "/config/address: expected a port from 1 to 65535 behind the host, found \"redis-1:0\"");
  EXPECT_EQ(refusal(R"({"address": "redis-1:port"})"),
            "/config/address: expected a port from 1 to 65535 behind the host, found \"redis-1:port\"");
  EXPECT_EQ(refusal(R"({"address": "::1"})"), "/config/address: expected host:port, with an IPv6 address in brackets, found \"::1\"");
  EXPECT_EQ(refusal(R"({"address": "[::1"})"), "/config/address: expected a `]` behind the address, found \"[::1\"");
  EXPECT_EQ(refusal(R"({"address": "unix:"})"),
            "/config/address: expected the path of a socket of at most 107 bytes behind `unix:`, found \"unix:\"");
}

TEST(RedisOptions, RefuseWhatDoesNotGoTogether) {
  EXPECT_EQ(refusal(R"({"username": "u"})"), "/config/username: `password` is missing: a user of Redis logs in with both");
  EXPECT_EQ(refusal(R"({"fields": {"key": "payload"}})"), "/config/fields: two fields have the name `payload`");
  EXPECT_EQ(refusal(R"({"fields": {"null_header_prefix": "h:"}})"),
            "/config/fields/null_header_prefix: expected another one than `header_prefix`");
  const Config small = config(R"({"queue_max_bytes": 1024})");
  EXPECT_EQ(refusal([&] { ProducerOptions(small, small); }),
            "/config/queue_max_bytes: expected `max_message_bytes` (16777216) not above `queue_max_bytes` (1024): such a message would "
            "never fit");
}

TEST(RedisOptions, OfAnEmitterOrListenerComeBeforeTheBackends) {
  const Config backend = config(R"({"prefetch": 16, "claim_after": 60000, "queue_max_messages": 7})");
  const Config own = config(R"({"prefetch": 8})");
  EXPECT_EQ(ConsumerOptions(own, backend).prefetch, 8U);
  EXPECT_EQ(ConsumerOptions(own, backend).claim_after, milliseconds{60'000});
  EXPECT_EQ(ProducerOptions(own, backend).max_messages, 7U);
}

}  // namespace
