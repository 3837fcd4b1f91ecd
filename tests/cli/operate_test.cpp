// A running application looked at from outside: status, skip, probes.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Operate : public CliTest {
 protected:
  std::string socket() const { return folder() / "control.sock"; }

  std::string service_config(const std::string& more = {}) const {
    return write("service.yaml", "version: 1\ncontrol: { socket: control.sock }\n" + more +
                                     "backends:\n  bus: { plugin: replay, config: { folder: '" + folder().string() +
                                     "' } }\n"
                                     "listeners:\n  board:\n    backend: bus\n    group: board\n    topics: [flights]\n"
                                     "    retry: { attempts: 2, backoff: { initial: 1ms } }\n    stuck_after: 1s\n    drain: 1s\n");
  }
  // A line of the topic: one event with that key.
  static std::string order(const std::string& what, const std::string& key = "k") {
    return key + R"(		{"id":"1","type":"order","body":{"what":")" + what + R"("},"timestamp":1})" + "\n";
  }
  Process start(const std::string& config) const {
    return Process{{DISPYTCH_TEST_SERVICE, "--config", config},
                   with_plugins({.environment = {{"DISPYTCH_TEST_GO", (folder() / "go").string()}}})};
  }
  json status(const std::string& config) const {
    const Finished finished = dispytch({"status", "--config", config, "--json"});
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    return json::parse(finished.output);
  }
};

TEST_F(Operate, StatusNamesWhatIsHeldAndTheCommandOfTheLogLetsItGo) {
  write("flights", order("fail") + order("fine"));
  const std::string config = service_config();
  Process service = start(config);
  service.await_errors("It is held");

  const json held = status(config);
  const json& board = held["listeners"][0];
  EXPECT_EQ(held["application"], "service");
  ASSERT_EQ(held["unready"].size(), 1);  // the reason follows once the application has looked
  EXPECT_THAT(held["unready"][0].get<std::string>(), StartsWith("listener board: 1 message is held"));
  EXPECT_EQ(board["held"], 1);
  EXPECT_EQ(board["retries"], 1);
  EXPECT_EQ(board["handled"], 0);
  ASSERT_EQ(board["oldest"].size(), 1);
  json oldest = board["oldest"][0];
  oldest.erase("age_ms");
  EXPECT_EQ(oldest, json::parse(R"({"topic": "flights", "partition": 0, "offset": 0, "key": "k", "handler": "order", "attempts": 2,
                                    "waits_for": "a person: it is held", "reason": "std::runtime_error: it says so"})"));
  const Finished table = dispytch({"status", "--config", config});
  EXPECT_THAT(table.output, HasSubstr("service: not ready\n  listener board: 1 message is held"));
  EXPECT_THAT(table.output,
              ::testing::ContainsRegex("flights +0 +0 +k +[0-9.]+ m?s +2 +a person: it is held +order +std::runtime_error: it says so"));

  const std::string command = "dispytch skip --config " + config + " board flights 0 0";
  service.await_errors(command);
  const Finished skipped = run({"sh", "-c", "PATH=$(dirname \"$0\"):$PATH; " + command, DISPYTCH_CLI}, {}, with_plugins());
  EXPECT_EQ(skipped.output, "skipped: flights 0:0\n") << skipped.errors;
  service.await_output("fine");
  const json after = status(config);
  EXPECT_EQ(after["unready"], json::array());
  EXPECT_EQ(after["listeners"][0]["skipped"], 1);
  EXPECT_EQ(after["listeners"][0]["held"], 0);

  service.signal(SIGTERM);
  const Finished finished = service.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.errors, ::testing::ContainsRegex("skipped by user [a-z0-9_-]+, process [0-9]+: topic `flights`, partition 0, offset "
                                                        "0, key \"k\": std::runtime_error: it says so"));
  EXPECT_THAT(finished.errors, HasSubstr("stopped: 1 handled, 0 unhandled, 0 dropped, 1 skipped, 1 retries"));
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(Operate, StatusIsAnsweredWhileAHandlerIsSlow) {
  write("flights", order("wait"));
  const std::string config = service_config();
  Process service = start(config);
  service.await_errors("stuck: topic `flights`, partition 0, offset 0, key \"k\" has been unfinished for");  // after a second
  const json slow = status(config);
  EXPECT_EQ(slow["listeners"][0]["answers"], true);
  EXPECT_EQ(slow["listeners"][0]["oldest"][0]["waits_for"], "its handler");
  EXPECT_EQ(slow["listeners"][0]["oldest"][0]["handler"], "order");
  ASSERT_EQ(slow["unready"].size(), 1);
  EXPECT_THAT(slow["unready"][0].get<std::string>(), StartsWith("listener board: stuck: topic `flights`, partition 0, offset 0"));
  const Finished skipped = dispytch({"skip", "--config", config, "board", "flights", "0", "0"});
  EXPECT_EQ(skipped.exit_code, 1);
  EXPECT_THAT(skipped.errors, HasSubstr("is being handled right now"));
  write("go", "");
  service.await_output("wait");
  service.signal(SIGTERM);
  const Finished finished = service.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
}

TEST_F(Operate, SkipRefusesWhatIsNotThere) {
  const std::string config = service_config();
  Process service = start(config);
  service.await_errors("service started");
  const Finished listener = dispytch({"skip", "--config", config, "bord", "flights", "0", "0"});
  EXPECT_EQ(listener.exit_code, 1);
  EXPECT_THAT(listener.errors, HasSubstr("there is no listener `bord` here; there are: board"));
  const Finished message = dispytch({"skip", "--config", config, "board", "flights", "0", "7"});
  EXPECT_EQ(message.exit_code, 1);
  EXPECT_THAT(message.errors,
              HasSubstr("topic `flights`, partition 0, offset 7 is not the first unfinished message of a lane of listener `board`"));
}

TEST_F(Operate, AnApplicationThatIsNotThereIsNamed) {
  const std::string config = service_config();
  const Finished nobody = dispytch({"status", "--config", config});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.errors, HasSubstr("no application answers at " + socket()));
  const Finished none = dispytch({"status", "--config", CliTest::config()});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.errors, HasSubstr("has no `control: { socket: PATH }`"));
  const Finished neither = dispytch({"status"}, {}, {.environment = {{"DISPYTCH_CONFIG", ""}}});
  EXPECT_EQ(neither.exit_code, 2);
  EXPECT_THAT(neither.errors, HasSubstr("which application? say --config FILE, or --socket PATH"));
}

TEST_F(Operate, StatusToleratesNoStranger) {
  // Each connection is given one of these and closed.
  const std::vector<std::string> answers{"", "hello\n", std::string(std::size_t{5} << 20, 'x')};
  Poco::Net::ServerSocket stranger;
  stranger.bind(Poco::Net::SocketAddress{Poco::Net::SocketAddress::UNIX_LOCAL, socket()});
  stranger.listen();
  std::thread serving{[&] {
    for (const std::string& answer : answers) {
      Poco::Net::StreamSocket connection = stranger.acceptConnection();
      char request[256];
      connection.receiveBytes(request, sizeof request);
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t count = ::send(connection.impl()->sockfd(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;  // the other side has heard enough
        sent += static_cast<std::size_t>(count);
      }
    }
  }};
  for (const char* why : {"it closed the connection", "is no application over dispytch", "what it answers has no end"}) {
    const Finished refused = dispytch({"status", "--socket", socket()});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.errors, HasSubstr(why));
  }
  serving.join();
}

TEST_F(Operate, ASocketServesOneApplicationAndOutlivesAKilledOne) {
  const std::string config = service_config();
  Process killed = start(config);
  killed.await_errors("service started");
  const Finished second = run({DISPYTCH_TEST_SERVICE, "--config", config}, {}, with_plugins());
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.errors, HasSubstr("`control.socket`: " + socket() + " can't be used: another application answers there"));
  EXPECT_EQ(status(config)["application"], "service") << "the first is not disturbed";
  killed.signal(SIGKILL);
  killed.finish();
  ASSERT_TRUE(std::filesystem::exists(socket()));
  Process next = start(config);
  next.await_errors("service started");
  EXPECT_EQ(status(config)["application"], "service");
  EXPECT_EQ(std::filesystem::status(socket()).permissions() & std::filesystem::perms::all, std::filesystem::perms::owner_all);
}

TEST_F(Operate, AFileInTheSocketsPlaceIsLeftAlone) {
  write("control.sock", "mine");
  const Finished refused = run({DISPYTCH_TEST_SERVICE, "--config", service_config()}, {}, with_plugins());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("there is a file of another kind; remove it, or choose another path"));
  EXPECT_EQ(read("control.sock"), "mine");
}

// Says something else than the command line would.
class Speaker {
 public:
  explicit Speaker(const std::string& path) : descriptor_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error{"nobody listens"};
  }
  ~Speaker() { close(descriptor_); }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;
  std::string say(const std::string& text) const {
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count = send(descriptor_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    std::string answer;
    char byte = 0;
    while (recv(descriptor_, &byte, 1, 0) == 1 && byte != '\n') answer += byte;
    return answer;
  }

 private:
  int descriptor_;
};

TEST_F(Operate, RubbishOnTheSocketIsAnsweredAndHarmsNothing) {
  const std::string config = service_config();
  Process service = start(config);
  service.await_errors("service started");
  {
    const Speaker speaker{socket()};
    EXPECT_THAT(speaker.say("{\n"), HasSubstr("a request is one line of JSON"));
    EXPECT_THAT(speaker.say("[1]\n"), HasSubstr("a request is one line of JSON"));
    EXPECT_THAT(speaker.say("{\"do\":\"stop\"}\n"), HasSubstr("there is no request `stop`; there are: status, skip"));
    EXPECT_THAT(speaker.say("{\"do\":\"skip\",\"listener\":1}\n"), HasSubstr("skip wants `listener` and `topic` as texts"));
    EXPECT_THAT(speaker.say("{\"do\":\"skip\",\"listener\":\"board\",\"topic\":\"t\",\"partition\":-4,\"offset\":0}\n"),
                HasSubstr("no partition has the number -4"));
    EXPECT_THAT(speaker.say("\xff\xfe\n"), HasSubstr("a request is one line of JSON"));
  }
  {
    const Speaker speaker{socket()};
    EXPECT_THAT(speaker.say(std::string(70'000, 'x') + "\n"), HasSubstr("a request has at most 65536 bytes"));
  }
  EXPECT_EQ(status(config)["application"], "service");
}

TEST_F(Operate, StatusIsAnsweredWhileOthersSayNothingOnTheSocket) {
  const std::string config = service_config();
  Process service = start(config);
  service.await_errors("service started");
  std::deque<Speaker> silent;
  for (int i = 0; i < 20; ++i) silent.emplace_back(socket());
  EXPECT_EQ(status(config)["application"], "service");
}

struct Page {
  int status;
  std::string type, text;
};

Page get(std::uint16_t port, const std::string& path, const std::string& method = "GET") {
  Poco::Net::HTTPClientSession session{"127.0.0.1", port};
  Poco::Net::HTTPRequest request{method, path};
  session.sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::string text;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
  return {response.getStatus(), response.getContentType(), text};
}

void await_page(std::uint16_t port, const std::string& path, const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (get(port, path).text.find(text) == std::string::npos && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

std::uint16_t free_port() { return Poco::Net::ServerSocket{Poco::Net::SocketAddress{"127.0.0.1", 0}}.address().port(); }

TEST_F(Operate, ProbesAndMetricsAreServedOverHttp) {
  write("flights", order("fine") + order("fail") + order("behind") + order("other", "another"));
  const std::uint16_t port = free_port();
  const std::string config = service_config("http: { address: '127.0.0.1:" + std::to_string(port) + "' }\n");
  Process service = start(config);
  service.await_errors("It is held");
  EXPECT_EQ(get(port, "/live").status, 200);
  await_page(port, "/ready", "is held");  // it is counted a moment after it was logged
  const Page not_ready = get(port, "/ready");
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_THAT(not_ready.text, StartsWith("listener board: 1 message is held"));
  await_page(port, "/ready", "1 message is held: topic `flights`, partition 0, offset 1, key \"k\": std::runtime_error: it says so\n");
  const Page metrics = get(port, "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.type, StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.text,
              HasSubstr("# TYPE dispytch_messages_handled_total counter\ndispytch_messages_handled_total{listener=\"board\"} 1\n"));
  EXPECT_THAT(metrics.text, HasSubstr("# TYPE dispytch_messages_held gauge\ndispytch_messages_held{listener=\"board\"} 1\n"));
  EXPECT_THAT(metrics.text, HasSubstr("# TYPE dispytch_breakers_open gauge\ndispytch_breakers_open{listener=\"board\"} 0\n"));
  const std::string stuck = "dispytch_messages_stuck{listener=\"board\"} 1\n";
  await_page(port, "/metrics", stuck);  // after a second
  EXPECT_THAT(get(port, "/metrics").text, HasSubstr(stuck));
  EXPECT_THAT(get(port, "/metrics").text, ::testing::ContainsRegex("\ndispytch_oldest_unfinished_seconds.listener=.board.. [1-9]"));
  const Page nothing = get(port, "/");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(nothing.text, "there is nothing at /; there are: /live, /ready, /metrics\n");
  EXPECT_EQ(get(port, "/live", "POST").status, 405);
  EXPECT_EQ(dispytch({"skip", "--socket", socket(), "board", "flights", "0", "1"}).exit_code, 0);
  service.await_output("other");
  await_page(port, "/ready", "ready\n");  // by the next look
  EXPECT_EQ(get(port, "/ready").status, 200);
  service.signal(SIGTERM);
  const Finished finished = service.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
}

TEST_F(Operate, ATakenPortIsAMistakeOfTheConfig) {
  Poco::Net::ServerSocket taken{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  const std::string address = "127.0.0.1:" + std::to_string(taken.address().port());
  const Finished refused =
      run({DISPYTCH_TEST_SERVICE, "--config", service_config("http: { address: '" + address + "' }\n")}, {}, with_plugins());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("`http.address`: nobody can listen at " + address));
}

}  // namespace
}  // namespace dispytch::testing
