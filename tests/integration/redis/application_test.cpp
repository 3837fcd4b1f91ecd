// A whole application and the command line over Redis.
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis_server.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::redis::testing {
namespace {

using dispytch::testing::Finished;
using dispytch::testing::Process;
using dispytch::testing::ProcessOptions;
using dispytch::testing::run;
using dispytch::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RedisApplication : public ::testing::Test {
 protected:
  RedisApplication() {
    server.make_stream("flights");
    server.make_stream("flights.dlq");
    std::ofstream{folder / "app.yaml"} << "version: 1\n"
                                          "backends:\n"
                                          "  bus: { plugin: redis, config: { address: \"" +
                                              server.address() +
                                              "\", claim_after: 600ms } }\n"
                                              "emitters:\n"
                                              "  letters: { backend: bus, timeout: 10s }\n"
                                              "listeners:\n"
                                              "  board: { backend: bus, group: board, topics: [flights], retry: { attempts: 1 },\n"
                                              "           dead_letter: { emitter: letters } }\n";
  }
  Finished dispytch(std::vector<std::string> arguments, std::string_view input = {}) const {
    arguments.insert(arguments.begin(), DISPYTCH_PROGRAM);
    return run(std::move(arguments), input, environment());
  }
  ProcessOptions environment() const {
    return {.environment = {{"DISPYTCH_PLUGIN_PATH", DISPYTCH_PLUGINS_FOLDER}, {"DISPYTCH_TEST_GO", folder / "go"}}};
  }
  std::vector<std::string> service() const { return {DISPYTCH_TEST_SERVICE, "--config", config()}; }
  std::string config() const { return folder / "app.yaml"; }
  void emit(const std::string& what) const {
    const Finished emitted =
        dispytch({"emit", "--config", config(), "letters", "order", "--topic", "flights"}, "{\"what\":\"" + what + "\"}\n");
    ASSERT_EQ(emitted.exit_code, 0) << emitted.errors;
  }
  void await_pending(std::int64_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (integer(element(*server.ask({"XPENDING", "flights", "board"}), 0), -1) != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "there are never " << count << " messages in hand";
      std::this_thread::yield();
    }
  }
  TemporaryFolder folder;
  RedisServer server;
};

TEST_F(RedisApplication, HandlesWhatAKilledOneHadInHand) {
  emit("first");
  emit("wait");
  {
    Process killed{service(), environment()};
    killed.await_output("first\n");
    await_pending(1);
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.finish().exit_code, 128 + SIGKILL);
  }
  emit("last");
  std::ofstream{folder / "go"};
  Process next{service(), environment()};
  next.await_output("last\n");
  next.await_output("wait\n");
  await_pending(0);
  next.signal(SIGTERM);
  const Finished ended = next.finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_EQ(ended.output.find("first"), std::string::npos) << "what was settled doesn't come again";
}

TEST_F(RedisApplication, FinishesWhatRunsWhenItIsToldToEnd) {
  emit("wait");
  Process ending{service(), environment()};
  await_pending(1);
  ending.signal(SIGTERM);
  std::ofstream{folder / "go"};
  const Finished ended = ending.finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("wait"));
  await_pending(0);
}

// Fail, list, show, mend, replay, purge.
TEST_F(RedisApplication, ItsDeadLettersAreLookedAtReplayedAndDeleted) {
  Process running{service(), environment()};
  for (int i = 0; i < 3; ++i) emit("fail");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (server.number_of({"XLEN", "flights.dlq"}) < 3) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  const Finished listed = dispytch({"dlq", "list", "--config", config(), "board"});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_THAT(listed.output, AllOf(HasSubstr("3 letters"), HasSubstr("it says so")));
  const std::string id{text(element(element(*server.ask({"XRANGE", "flights.dlq", "-", "+"}), 0), 0))};
  const Finished shown = dispytch({"dlq", "show", "--config", config(), "board", "id:" + id});
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  EXPECT_THAT(shown.output, HasSubstr("fail"));
  const Finished replayed = dispytch({"dlq", "replay", "--config", config(), "board"});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.errors;
  EXPECT_THAT(replayed.output, HasSubstr("3 letters replayed"));
  while (server.number_of({"XLEN", "flights.dlq"}) < 6) ASSERT_LT(std::chrono::steady_clock::now(), deadline + std::chrono::seconds{20});
  const Finished purged = dispytch({"dlq", "purge", "--config", config(), "board", "--all", "--yes"});
  EXPECT_EQ(purged.exit_code, 0) << purged.errors;
  EXPECT_EQ(dispytch({"dlq", "list", "--config", config(), "board"}).output, "0 letters\n");
  running.signal(SIGTERM);
  EXPECT_EQ(running.finish().exit_code, 0);
}

TEST_F(RedisApplication, IsLookedAtFromOutside) {
  const Finished declared = dispytch({"declare", config(), "--dry-run"});
  EXPECT_THAT(declared.output, HasSubstr("group `board` of stream `flights`")) << declared.errors;
  emit("fine");
  const Finished tailed = dispytch({"tail", "--config", config(), "board", "--from", "earliest", "--count", "1"});
  EXPECT_EQ(tailed.exit_code, 0) << tailed.errors;
  EXPECT_THAT(tailed.output, HasSubstr("fine"));
  EXPECT_TRUE(elements(*server.ask({"XINFO", "GROUPS", "flights"})).empty()) << "a look leaves no group behind";
  {
    Process running{service(), environment()};
    running.await_output("fine\n");
    running.signal(SIGTERM);
    EXPECT_EQ(running.finish().exit_code, 0);
  }
  const Finished positions = dispytch({"positions", "show", "--config", config(), "board"});
  EXPECT_EQ(positions.exit_code, 0) << positions.errors;
  EXPECT_THAT(positions.output, HasSubstr("flights"));
  EXPECT_THAT(dispytch({"groups", "list", "--config", config()}).output, HasSubstr("board"));
  const Finished checked = dispytch({"check", config()});
  EXPECT_EQ(checked.exit_code, 0) << checked.errors << checked.output;
}

}  // namespace
}  // namespace dispytch::redis::testing
