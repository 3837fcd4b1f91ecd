// Commands and applications that are interrupted while their broker doesn't answer, before anything is in hand.
#include <signal.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A broker that takes connections and says nothing.
class Interrupt : public CliTest, public ::testing::WithParamInterface<std::vector<std::string>> {
 protected:
  std::string config_of_kafka() const {
    return write("kafka.yaml",
                 "version: 1\n"
                 "backends:\n  bus: { plugin: kafka, config: { bootstrap.servers: \"127.0.0.1:" +
                     std::to_string(broker_.address().port()) +
                     "\" } }\n"
                     "emitters:\n  letters: { backend: bus, timeout: 1s }\n"
                     "listeners:\n  board: { backend: bus, group: g, topics: [flights], dead_letter: { emitter: letters, topic: dlq } }\n");
  }
  // What becomes of a program that is interrupted as soon as it waits for the broker.
  Finished interrupt(std::vector<std::string> command) {
    Process process{std::move(command), with_plugins()};
    const Poco::Net::StreamSocket connected = broker_.acceptConnection();
    process.signal(SIGTERM);
    process.signal(SIGTERM);  // as `timeout` does, which signals the process and its group
    return process.finish();
  }

  Poco::Net::ServerSocket broker_{Poco::Net::SocketAddress{"127.0.0.1", 0}};
};

TEST_P(Interrupt, EndsACommandThatWaitsForItsBroker) {
  std::vector<std::string> arguments = GetParam();
  arguments.insert(arguments.end(), {"--config", config_of_kafka()});
  const Finished finished = interrupt(command(arguments));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("interrupted"));
  EXPECT_THAT(finished.errors, Not(HasSubstr("answer within"))) << "it waited to the end";
}

INSTANTIATE_TEST_SUITE_P(Commands, Interrupt,
                         ::testing::Values(std::vector<std::string>{"tail", "board"}, std::vector<std::string>{"dlq", "list", "board"},
                                           std::vector<std::string>{"dlq", "show", "board", "0:0"},
                                           std::vector<std::string>{"dlq", "replay", "board"},
                                           std::vector<std::string>{"dlq", "purge", "board", "--all", "--yes"}),
                         [](const auto& test) { return test.param[0] == "dlq" ? "dlq_" + test.param[1] : test.param[0]; });

TEST_F(Interrupt, EndsAnApplicationThatStarts) {
  const Finished finished = interrupt({DISPYTCH_TEST_SERVICE, "--config", config_of_kafka()});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("interrupted"));
  EXPECT_THAT(finished.errors, Not(HasSubstr("answer within"))) << "it waited to the end";
}

}  // namespace
}  // namespace dispytch::testing
