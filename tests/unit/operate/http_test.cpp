// Probes and scrapes while others do nothing with their connections, or do it badly.
#include "operate/http.hpp"

#include <sys/resource.h>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/Timespan.h>

#include "operate/connection_server.hpp"
#include "operate/watch.hpp"

namespace dispytch::operate {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Poco::Timespan kLong{60, 0};  // a failing test ends, a slow machine does not fail

class Http : public ::testing::Test {
 protected:
  static Poco::Net::StreamSocket connect(std::uint16_t port) {
    Poco::Net::StreamSocket socket{Poco::Net::SocketAddress{"127.0.0.1", port}};
    socket.setReceiveTimeout(kLong);
    return socket;
  }
  static void send(Poco::Net::StreamSocket& socket, const std::string& text) {
    socket.sendBytes(text.data(), static_cast<int>(text.size()));
  }
  // All that comes until the other side closes.
  static std::string rest(Poco::Net::StreamSocket& socket) {
    std::string text;
    char buffer[4096];
    try {
      while (const int count = socket.receiveBytes(buffer, sizeof buffer)) text.append(buffer, static_cast<std::size_t>(count));
    } catch (const Poco::Net::ConnectionResetException&) {
      text += "(reset)";
    }
    return text;
  }
  static std::string get(std::uint16_t port, const std::string& path, int& status) {
    Poco::Net::HTTPClientSession session{"127.0.0.1", port};
    session.setTimeout(kLong);
    Poco::Net::HTTPRequest request{"GET", path};
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    status = response.getStatus();
    return text;
  }
  static void expect_all_answered(std::uint16_t port) {
    int status = 0;
    EXPECT_EQ(get(port, "/live", status), "live\n");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(get(port, "/ready", status), "ready\n");
    EXPECT_EQ(status, 200);
    (void)get(port, "/metrics", status);
    EXPECT_EQ(status, 200);
  }

  Watch watch{{}};
};

// Both ends of a connection are this process's.
void allow_descriptors(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = std::min<rlim_t>(count, limit.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

std::size_t resident_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

// 500 connections that are open while the probes come, again and again: silent, half-written, and with an answer that nobody reads. A few
// rounds; DISPYTCH_TEST_HTTP_MINUTES=10 goes on for so long.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DISPYTCH_SANITIZED
#endif
#endif
#ifdef DISPYTCH_SANITIZED
constexpr std::size_t kMostGrowth = 512 * 1024 * 1024;  // a sanitizer keeps for a while what was freed
#else
constexpr std::size_t kMostGrowth = 16 * 1024 * 1024;
#endif

TEST_F(Http, AnswersWhileHundredsOfConnectionsDoNothing) {
  constexpr std::size_t kConnections = 500;
  constexpr std::size_t kRounds = 4;
  constexpr std::size_t kMostGrowthKib = kMostGrowth / 1024;
  allow_descriptors(2 * kConnections + 100);
  const char* const minutes = std::getenv("DISPYTCH_TEST_HTTP_MINUTES");
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{minutes == nullptr ? 0 : std::atoi(minutes)};
  const HttpServer server{"127.0.0.1:0", watch, {.patience = 1h}};  // none of them is closed for its silence
  const std::vector<std::string> texts{"", "GET /live HTT", "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n",
                                       "POST /live HTTP/1.1\r\nContent-Length: 9\r\n"};
  std::size_t after_first = 0;
  for (std::size_t round = 0; round < kRounds || std::chrono::steady_clock::now() < end; ++round) {
    std::vector<Poco::Net::StreamSocket> idle;
    for (std::size_t i = 0; i < kConnections; ++i) {
      idle.push_back(connect(server.port()));
      if (!texts[i % texts.size()].empty()) send(idle.back(), texts[i % texts.size()]);
    }
    expect_all_answered(server.port());
    if (round == 0) after_first = resident_kib();
    EXPECT_LE(resident_kib(), after_first + kMostGrowthKib) << "in round " << round;
    if (HasFailure()) return;
  }
}

TEST_F(Http, ClosesConnectionsThatAreSilentOrHalfWritten) {
  const HttpServer server{"127.0.0.1:0", watch, {.patience = 50ms}};
  Poco::Net::StreamSocket silent = connect(server.port());
  Poco::Net::StreamSocket half = connect(server.port());
  send(half, "GET /live HTTP/1.1\r\nHost: ");
  EXPECT_EQ(rest(silent), "");
  EXPECT_EQ(rest(half), "");
  expect_all_answered(server.port());
}

TEST_F(Http, ClosesTheOneThatWaitsLongestWhereThereAreTooMany) {
  const HttpServer server{"127.0.0.1:0", watch, {.connections = 3, .patience = 1h}};
  Poco::Net::StreamSocket first = connect(server.port());
  std::vector<Poco::Net::StreamSocket> others;
  for (int i = 0; i < 3; ++i) others.push_back(connect(server.port()));
  EXPECT_EQ(rest(first), "");
  send(others.back(), "GET /live HTTP/1.0\r\n\r\n");
  EXPECT_THAT(rest(others.back()), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http, AnswersARequestThatComesByteByByte) {
  const HttpServer server{"127.0.0.1:0", watch, {.patience = 1h}};
  Poco::Net::StreamSocket slow = connect(server.port());
  slow.setNoDelay(true);
  for (const char byte : std::string{"HEAD /ready HTTP/1.1\r\nHost: here\r\n\r\n"}) send(slow, std::string{byte});
  const std::string answer = rest(slow);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n")) << "HEAD has no body";
}

TEST_F(Http, RefusesWhatIsNoRequestOrHasNoEnd) {
  const HttpServer server{"127.0.0.1:0", watch, {.patience = 1h}};
  Poco::Net::StreamSocket endless = connect(server.port());
  send(endless, "GET /live HTTP/1.1\r\nX: " + std::string(9'000, 'x'));
  EXPECT_THAT(rest(endless), HasSubstr("HTTP/1.1 431 "));
  Poco::Net::StreamSocket rubbish = connect(server.port());
  send(rubbish, "\x16\x03\x01" + std::string(200, 'x') + "\n\n");  // TLS to a port without it
  EXPECT_THAT(rest(rubbish), HasSubstr("this is no HTTP request; expected one such as GET /live HTTP/1.1\n"));
}

TEST(Connections, GiveUpTheOldestReplyWhereTooMuchIsUnread) {
  Poco::Net::ServerSocket socket;
  socket.bind(Poco::Net::SocketAddress{"127.0.0.1", 0});
  socket.listen();
  constexpr std::size_t kReply = std::size_t{32} << 20;  // more than the system takes of it
  const ConnectionServer server{socket,
                                [](std::string& received, const Poco::Net::StreamSocket&) -> std::optional<Reply> {
                                  if (received.empty()) return std::nullopt;
                                  return Reply{.bytes = std::string(received == "s" ? 1 : kReply, 'x'), .last = true};
                                },
                                {.unsent_bytes = kReply + kReply / 2, .patience = 1h}};
  std::vector<Poco::Net::StreamSocket> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back(Poco::Net::SocketAddress{"127.0.0.1", socket.address().port()});
    readers.back().setReceiveTimeout(kLong);
    readers.back().sendBytes("l", 1);
    char byte = 0;
    EXPECT_EQ(readers.back().receiveBytes(&byte, 1), 1);  // its reply is under way
  }
  const auto count = [](Poco::Net::StreamSocket& reader) {
    std::vector<char> buffer(std::size_t{1} << 20);
    std::size_t bytes = 1;
    while (const int some = reader.receiveBytes(buffer.data(), static_cast<int>(buffer.size()))) bytes += static_cast<std::size_t>(some);
    return bytes;
  };
  EXPECT_EQ(count(readers[1]), kReply);
  EXPECT_LT(count(readers[0]), kReply);
}

TEST(Connections, OutliveAFailureOfOne) {
  Poco::Net::ServerSocket socket;
  socket.bind(Poco::Net::SocketAddress{"127.0.0.1", 0});
  socket.listen();
  const ConnectionServer server{socket, [](std::string& received, const Poco::Net::StreamSocket&) -> std::optional<Reply> {
                                  if (received == "bad") throw std::runtime_error{"it says so"};
                                  if (received.empty()) return std::nullopt;
                                  return Reply{.bytes = std::exchange(received, {})};
                                }};
  Poco::Net::StreamSocket bad{Poco::Net::SocketAddress{"127.0.0.1", socket.address().port()}};
  Poco::Net::StreamSocket good{Poco::Net::SocketAddress{"127.0.0.1", socket.address().port()}};
  bad.sendBytes("bad", 3);
  char byte = 0;
  EXPECT_EQ(bad.receiveBytes(&byte, 1), 0);
  for (const char each : {'a', 'b'}) {  // one after another on one connection
    good.sendBytes(&each, 1);
    EXPECT_EQ(good.receiveBytes(&byte, 1), 1);
    EXPECT_EQ(byte, each);
  }
}

}  // namespace
}  // namespace dispytch::operate
