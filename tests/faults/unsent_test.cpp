// A process that ends while messages are unsent: it sends what can be sent, and its exit code and last line say what was left.
#include "faults/fault_test.hpp"

#include <fstream>

#include <signal.h>

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class UnsentMessages : public FaultTest {
 protected:
  std::unique_ptr<Process> feed(int orders, const std::string& emitter, const std::string& at, bool listens = false) const {
    const std::string path = folder / "feed.yaml";
    std::ofstream{path} << "version: 1\nbackends:\n  bus: { plugin: kafka, config: { bootstrap.servers: \"" << at
                        << "\" } }\n  there: { plugin: kafka, config: { bootstrap.servers: \"" << address
                        << "\" } }\nemitters:\n  out: { backend: bus, " << emitter << " }\n";
    std::vector<std::pair<std::string, std::string>> environment{
        {"DISPYTCH_PLUGIN_PATH", DISPYTCH_PLUGINS}, {"DISPYTCH_TEST_TOPIC", topic}, {"DISPYTCH_TEST_ORDERS", std::to_string(orders)}};
    if (listens) {
      std::ofstream{path, std::ios::app} << "listeners:\n  board: { backend: there, group: g, drain: 1s }\n";
      environment.emplace_back("DISPYTCH_TEST_LISTENS", "yes");
    }
    return std::make_unique<Process>(std::vector<std::string>{HASTY_FEED, "--config", path},
                                     testing::ProcessOptions{.environment = environment});
  }
};

TEST_F(UnsentMessages, AreSentBeforeTheProcessEnds) {
  const Finished finished = feed(2000, "config: { linger.ms: 20s }", address)->finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_THAT(lines_of(finished.output, "confirmed "), SizeIs(2000));
  EXPECT_EQ(payloads(topic).size(), 2000U);
}

TEST_F(UnsentMessages, ThatCanNotBeSentInTimeAreCountedInTheLastLineAndTheExitCode) {
  const Finished finished = feed(20, "timeout: 1s", "127.0.0.1:9")->finish();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(lines_of(finished.output, "failed "), AllOf(SizeIs(20), Each(HasSubstr("confirmed no message within 1000 ms"))));
  EXPECT_THAT(lines_of(finished.errors).back(), AllOf(HasSubstr("feed failed"), HasSubstr("20 emitted messages")));
}

// The broker is away for longer than the end may take.
TEST_F(UnsentMessages, AreLeftAtTheEndsOwnDeadline) {
  const auto running = feed(20, "timeout: 10m", "127.0.0.1:9", true);
  running->await_output("emitted");
  running->signal(SIGTERM);
  const Finished finished = running->finish();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(lines_of(finished.output, "failed "), SizeIs(20));
  EXPECT_THAT(lines_of(finished.errors).back(), AllOf(HasSubstr("feed failed"), HasSubstr("20 emitted messages")));
}

}  // namespace
}  // namespace dispytch::faults
