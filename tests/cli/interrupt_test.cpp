// Commands and applications that are interrupted while their broker is away, says nothing, or refuses the login, and nothing is in hand:
// each ends at once. Of what is in hand each message is reported.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include "cli/cli_fixture.hpp"
#include "support/kafka_access.hpp"
#include "support/mock_cluster.hpp"

namespace dispytch::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A broker that takes connections and either says nothing or takes no login.
class Broker {
 public:
  explicit Broker(bool refuses) : refuses_{refuses}, thread_{[this] { serve(); }} {}
  ~Broker() {
    over_ = true;
    try {  // one more connection, which ends the wait for one
      const Poco::Net::StreamSocket last{socket_.address()};
      thread_.join();
    } catch (const Poco::Exception&) {
      thread_.join();
    }
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  std::string address() const { return socket_.address().toString(); }
  void await_client() { met_.wait(false); }

 private:
  void serve() {
    while (!over_) {
      Poco::Net::StreamSocket& client = clients_.emplace_back(socket_.acceptConnection());
      if (over_) return;
      if (refuses_) refuse(client);
      met_ = true;
      met_.notify_all();
    }
  }
  // Speaks as much of Kafka's protocol as refusing a login takes: it has the oldest versions alone, and another mechanism than the
  // client's.
  static void refuse(Poco::Net::StreamSocket& client) {
    constexpr char kApiVersions = 18, kSaslHandshake = 17;
    try {
      for (std::string request = receive(client); !request.empty(); request = receive(client)) {
        const bool oldest = request[3] == 0;
        std::string answer = request.substr(4, 4);  // the number of the request
        if (request[1] == kApiVersions && oldest) {
          answer += std::string{"\0\0\0\0\0\2\0\x11\0\0\0\1\0\x12\0\0\0\0", 18};  // two requests, each with its oldest and newest version
        } else if (request[1] == kApiVersions) {
          answer += std::string{"\0\x23\0\0\0\1\0\x12\0\0\0\0", 12};  // UNSUPPORTED_VERSION, and the one there is
        } else {
          answer += std::string{"\0\x21\0\0\0\1\0\5OTHER", 13};  // UNSUPPORTED_SASL_MECHANISM, and the one there is
        }
        const std::string size{'\0', '\0', '\0', static_cast<char>(answer.size())};
        answer = size + answer;
        client.sendBytes(answer.data(), static_cast<int>(answer.size()));
        if (request[1] == kSaslHandshake) return;
      }
    } catch (const Poco::Exception&) {  // NOLINT(bugprone-empty-catch): the client has gone away
    }
  }
  // Returns the next request without its size; empty: the client has gone away. None has more than 255 bytes.
  static std::string receive(Poco::Net::StreamSocket& client) {
    const auto exactly = [&client](std::size_t size) {
      std::string bytes(size, '\0');
      for (std::size_t at = 0; at < size;) {
        const int got = client.receiveBytes(bytes.data() + at, static_cast<int>(size - at));
        if (got <= 0) return std::string{};
        at += static_cast<std::size_t>(got);
      }
      return bytes;
    };
    const std::string size = exactly(4);
    return size.empty() ? size : exactly(static_cast<unsigned char>(size[3]));
  }

  const bool refuses_;
  Poco::Net::ServerSocket socket_{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  std::vector<Poco::Net::StreamSocket> clients_ = {};
  std::atomic<bool> over_ = false;
  std::atomic<bool> met_ = false;
  std::thread thread_;
};

enum class State : std::uint8_t { away, silent, refuses };

struct Command {
  std::string name;
  std::vector<std::string> arguments;  // empty: an application
  std::string task = {};               // of an application: what it does besides; empty: it listens
};

void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

using Case = std::tuple<Command, State, int>;

std::string name_of(const ::testing::TestParamInfo<Case>& test) {
  const auto& [command, state, signal] = test.param;
  return command.name +
         (state == State::away     ? "_away"
          : state == State::silent ? "_silent"
                                   : "_refused") +
         (signal == SIGINT ? "_SIGINT" : "_SIGTERM");
}

class Interrupt : public CliTest {
 protected:
  void start_broker(State state) {
    if (state != State::away) broker_ = std::make_unique<Broker>(state == State::refuses);
  }
  std::string config() const {
    const std::string address = broker_ ? broker_->address() : "127.0.0.1:9";  // the discard port: nobody listens there
    return write("kafka.yaml",
                 "version: 1\n"
                 "backends:\n"
                 "  bus:\n"
                 "    plugin: kafka\n"
                 "    config: { bootstrap.servers: \"" +
                     address +
                     "\", security.protocol: sasl_plaintext, sasl.mechanism: PLAIN, sasl.username: u, sasl.password: hunter2 }\n"
                     "emitters:\n  letters: { backend: bus, timeout: 3s }\n  patient: { backend: bus, timeout: 60s }\n"
                     "listeners:\n  board: { backend: bus, group: g, topics: [flights], dead_letter: { emitter: letters, topic: dlq } }\n");
  }
  std::unique_ptr<Process> start(const Command& wanted) const {
    std::vector<std::string> all = wanted.arguments.empty() ? std::vector<std::string>{DISPYTCH_TEST_SERVICE} : command(wanted.arguments);
    all.insert(all.end(), {"--config", config()});
    ProcessOptions options = with_plugins();
    if (!wanted.task.empty()) options.environment.emplace_back("DISPYTCH_TEST_TASK", wanted.task);
    return std::make_unique<Process>(std::move(all), options);
  }
  void await_wait(Process& process, const Command& command) {
    if (!command.task.empty()) process.await_errors("service started");
    if (broker_) {
      broker_->await_client();
    } else {
      process.await_errors("refused");  // so says the network of its connections
    }
  }
  static void interrupt(Process& process, int number) {
    process.signal(number);
    process.signal(number);  // as `timeout` does, which signals the process and its group
  }

  std::unique_ptr<Broker> broker_ = {};
};

class InterruptEach : public Interrupt, public ::testing::WithParamInterface<Case> {};

TEST_P(InterruptEach, EndsWhatWaitsForItsBroker) {
  const auto& [command, state, number] = GetParam();
  start_broker(state);
  const auto process = start(command);
  await_wait(*process, command);
  interrupt(*process, number);
  if (command.name == "emit") process->await_errors("interrupted");  // before the end of its input is another reason to end
  const Finished finished = process->finish();
  const bool runs = command.task == "idle";  // it had started, and did all that it was to do
  EXPECT_EQ(finished.exit_code, runs ? 0 : 1) << finished.errors;
  // A refused login ends most of them by itself.
  EXPECT_THAT(finished.errors, AnyOf(HasSubstr(runs ? "service ended" : "interrupted"), HasSubstr("interrupted: ending"),
                                     HasSubstr(state == State::refuses ? "takes no login by PLAIN, only by OTHER" : "interrupted")));
  EXPECT_THAT(finished.errors, Not(HasSubstr("answer within"))) << "it waited to the end";
  EXPECT_THAT(finished.errors, Not(HasSubstr("still ran")));
  EXPECT_THAT(finished.output + finished.errors, Not(HasSubstr("hunter2")));
}

INSTANTIATE_TEST_SUITE_P(Commands, InterruptEach,
                         ::testing::Combine(::testing::Values(Command{"tail", {"tail", "board"}},
                                                              Command{"emit", {"emit", "patient", "t", "--topic", "flights"}},
                                                              Command{"dlq_list", {"dlq", "list", "board"}},
                                                              Command{"dlq_show", {"dlq", "show", "board", "0:0"}},
                                                              Command{"dlq_replay", {"dlq", "replay", "board"}},
                                                              Command{"dlq_replay_dry_run", {"dlq", "replay", "board", "--dry-run"}},
                                                              Command{"dlq_purge", {"dlq", "purge", "board", "--all", "--yes"}},
                                                              Command{"listener", {}}, Command{"emitter", {}, "idle"}),
                                            ::testing::Values(State::away, State::silent, State::refuses),
                                            ::testing::Values(SIGINT, SIGTERM)),
                         name_of);

// These ask for one thing, and say of a broker that is away nothing before their time is over.
INSTANTIATE_TEST_SUITE_P(Questions, InterruptEach,
                         ::testing::Combine(::testing::Values(Command{"positions_show", {"positions", "show", "board"}},
                                                              Command{"groups_list", {"groups", "list"}}),
                                            ::testing::Values(State::silent, State::refuses), ::testing::Values(SIGINT, SIGTERM)),
                         name_of);

class InterruptInHand : public Interrupt, public ::testing::WithParamInterface<State> {};

TEST_P(InterruptInHand, ReportsTheLinesThatNobodyConfirmed) {
  start_broker(GetParam());
  const auto process = start({"emit", {"emit", "letters", "t", "--topic", "flights"}});
  // More than a pipe holds: once it is written some of it has been read.
  constexpr int kLines = 20'000;
  std::string lines;
  for (int n = 0; n < (GetParam() == State::refuses ? 1 : kLines); ++n) lines += "{\"n\":12345}\n";
  process->write(lines);
  if (GetParam() != State::refuses) {  // which ends it by itself
    interrupt(*process, SIGTERM);
    process->await_errors("interrupted: waiting for what is under way");
  }
  const Finished finished = process->finish();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("stopped at line 1: "));
  const char* const why = GetParam() == State::away     ? "Connection refused"
                          : GetParam() == State::silent ? "; none of its brokers has said anything so far\n"
                                                        : "takes no login by PLAIN, only by OTHER: change `sasl.mechanism`\n";
  EXPECT_THAT(finished.errors, HasSubstr(why));
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 1\n"));
  EXPECT_THAT(finished.output, StartsWith("0 confirmed, "));
}

TEST_P(InterruptInHand, TellsAnApplicationOfWhatCouldNotBeSent) {
  start_broker(GetParam());
  const Command emitter{"emitter", {}, "emit"};
  const auto process = start(emitter);
  await_wait(*process, emitter);
  process->await_output("emitted");
  if (GetParam() == State::refuses) process->await_output("failed: ");  // before the end already
  interrupt(*process, SIGTERM);
  const Finished finished = process->finish();
  EXPECT_THAT(finished.output, HasSubstr("failed: "));
  if (GetParam() == State::refuses) return;
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("1 emitted messages were not confirmed by the broker before the end"));
}

INSTANTIATE_TEST_SUITE_P(While, InterruptInHand, ::testing::Values(State::away, State::silent, State::refuses), [](const auto& test) {
  return test.param == State::away ? "away" : test.param == State::silent ? "silent" : "refused";
});

// A broker that answered until a moment ago, and says nothing more.
class InterruptLater : public Interrupt {
 protected:
  std::string config_of_mock() const {
    return write("mock.yaml", "version: 1\nbackends:\n  bus: { plugin: kafka, config: { bootstrap.servers: \"" + cluster_.address() +
                                  "\" } }\nemitters:\n  letters: { backend: bus, timeout: 60s }\n"
                                  "listeners:\n  board: { backend: bus, group: g, topics: [flights] }\n");
  }
  void fall_silent() { cluster_.set_silent(std::chrono::minutes{2}); }

  MockCluster cluster_{"flights"};
};

TEST_F(InterruptLater, EndsAListenerThatHasNothingInHand) {
  Process process{{DISPYTCH_TEST_SERVICE, "--config", config_of_mock()}, with_plugins()};
  process.await_errors("assigned: flights[0]");
  while (committed(cluster_.address(), "g", "flights") < 0) {}  // where the group begins is stored first
  fall_silent();
  interrupt(process, SIGTERM);
  const Finished finished = process.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_THAT(finished.errors, HasSubstr("interrupted: ending without the broker's answer; nothing was in hand"));
}

TEST_F(InterruptLater, EndsAnEmitterWhoseEventsAreConfirmed) {
  ProcessOptions options = with_plugins();
  options.environment.emplace_back("DISPYTCH_TEST_TASK", "emit");
  Process process{{DISPYTCH_TEST_SERVICE, "--config", config_of_mock()}, options};
  process.await_output("confirmed");
  fall_silent();
  interrupt(process, SIGTERM);
  EXPECT_EQ(process.finish().exit_code, 0);
}

TEST_F(InterruptLater, EndsEmitWhoseLinesAreConfirmed) {
  Process process{command({"emit", "letters", "t", "--topic", "flights", "--config", config_of_mock()}), with_plugins()};
  process.write("{\"n\":1}\n");
  const Finished read = run({"kcat", "-q", "-b", cluster_.address(), "-C", "-t", "flights", "-o", "beginning", "-c", "1"});
  ASSERT_EQ(read.exit_code, 0) << read.errors;
  interrupt(process, SIGTERM);
  process.await_errors("interrupted");
  fall_silent();
  const Finished finished = process.finish();
  EXPECT_EQ(finished.output, "1 confirmed, 0 failed\n");
  EXPECT_THAT(finished.errors, HasSubstr("resume with --from-line 2\n"));
}

// An application that doesn't answer: these have nothing of their own to end.
TEST_F(Interrupt, EndsACommandThatAsksAnApplicationThatSaysNothing) {
  const std::string socket = folder() / "control";
  Poco::Net::ServerSocket application{Poco::Net::SocketAddress{Poco::Net::AddressFamily::UNIX_LOCAL, socket}};
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"status", "--socket", socket},
                                                    std::vector<std::string>{"skip", "--socket", socket, "board", "flights", "0", "1"}}) {
    for (const int number : {SIGINT, SIGTERM}) {
      Process process{command(arguments), with_plugins()};
      const Poco::Net::StreamSocket connected = application.acceptConnection();
      process.signal(number);
      EXPECT_EQ(process.finish().exit_code, 128 + number);
    }
  }
}

}  // namespace
}  // namespace dispytch::testing
