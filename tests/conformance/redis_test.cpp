// The redis plugin against a real Redis. Each rule has a stream of its own: a shared group that reads a stream from its beginning would
// have the messages of all rules before among those that it has not settled.
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "integration/redis/redis_server.hpp"
#include "kit/rule.hpp"

namespace {

using dispytch::redis::testing::RedisServer;

TEST(RedisPlugin, BreaksNoRule) {
  const RedisServer server;
  setenv("DISPYTCH_TEST_REDIS", server.address().c_str(), 1);
  for (const dispytch::conformance::Rule& rule : dispytch::conformance::all_rules()) {
    const std::string name{rule.name};
    server.make_stream(name);
    const std::string command = std::string{DISPYTCH_CONFORMANCE_PROGRAM} + " " + DISPYTCH_REDIS_PLUGIN + " --config " +
                                DISPYTCH_CONFORMANCE_FOLDER + "/redis.yaml --topic " + name + " --rule " + name;
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << name;
  }
}

}  // namespace
