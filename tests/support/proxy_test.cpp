// The proxy between a client and a server that says everything back.
#include "support/proxy.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace dispytch::network {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint on_loopback(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

// Answers each byte with the next letter; one client after another.
class Server {
 public:
  ~Server() {
    ended_ = true;
    error_code ignored;
    asio::io_context context;
    tcp::socket{context}.connect(on_loopback(port()), ignored);
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::size_t heard() const { return heard_; }

 private:
  void run() {
    while (!ended_) {
      tcp::socket client = acceptor_.accept();
      error_code failure;
      char byte = 0;
      while (!ended_ && asio::read(client, asio::buffer(&byte, 1), failure) == 1) {
        ++heard_;
        ++byte;
        asio::write(client, asio::buffer(&byte, 1), failure);
      }
    }
  }
  asio::io_context context_;
  tcp::acceptor acceptor_{context_, on_loopback(0)};
  std::atomic<bool> ended_ = false;
  std::atomic<std::size_t> heard_ = 0;
  std::jthread thread_{[this] { run(); }};
};

class Client {
 public:
  explicit Client(std::uint16_t port) { socket_.connect(on_loopback(port)); }
  void say(char byte) { asio::write(socket_, asio::buffer(&byte, 1)); }
  char hear() {
    char byte = 0;
    asio::read(socket_, asio::buffer(&byte, 1));
    return byte;
  }
  error_code hear_the_end() {
    char byte = 0;
    error_code failure;
    asio::read(socket_, asio::buffer(&byte, 1), failure);
    return failure;
  }
  bool has_heard() { return socket_.available() > 0; }

 private:
  asio::io_context context_;
  tcp::socket socket_{context_};
};

class ProxyTo : public ::testing::Test {
 protected:
  template <class Condition>
  static void until(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }
  Server server;
  Proxy proxy{{{.listen = 0, .target = server.port()}}};
};

TEST_F(ProxyTo, AServerPassesEverythingOn) {
  Client client{proxy.port(0)};
  for (char byte = 'a'; byte < 'g'; ++byte) {
    client.say(byte);
    EXPECT_EQ(client.hear(), byte + 1);
  }
  EXPECT_EQ(proxy.connections(), 1u);
}

TEST_F(ProxyTo, AServerCutsByAReset) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  EXPECT_EQ(proxy.cut(), 1u);
  EXPECT_EQ(client.hear_the_end(), asio::error::connection_reset);
  EXPECT_EQ(proxy.connections(), 0u);
  Client next{proxy.port(0)};
  next.say('x');
  EXPECT_EQ(next.hear(), 'y');
}

TEST_F(ProxyTo, AServerHoldsAndLetsGo) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  proxy.set({.hold = true});
  client.say('b');
  until([&] { return proxy.waiting() == 1; });
  EXPECT_EQ(server.heard(), 1u);
  EXPECT_FALSE(client.has_heard());
  proxy.set({});
  EXPECT_EQ(client.hear(), 'c');
}

TEST_F(ProxyTo, AServerDropsAnswersAndThenCutsWhoLacksThem) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  proxy.set({.drop_answers = true});
  client.say('b');
  until([&] { return proxy.dropped() == 1; });
  EXPECT_EQ(server.heard(), 2u);
  EXPECT_FALSE(client.has_heard());
  proxy.set({});
  EXPECT_TRUE(client.hear_the_end());
}

TEST_F(ProxyTo, AServerThatLostNoAnswerGoesOn) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  proxy.set({.drop_answers = true});
  proxy.set({});
  client.say('b');
  EXPECT_EQ(client.hear(), 'c');
}

TEST_F(ProxyTo, AServerRefuses) {
  Client before{proxy.port(0)};
  before.say('a');
  before.hear();
  proxy.set({.refuse = true});
  EXPECT_TRUE(before.hear_the_end());
  Client client{proxy.port(0)};
  EXPECT_TRUE(client.hear_the_end());
  proxy.set({});
  Client next{proxy.port(0)};
  next.say('x');
  EXPECT_EQ(next.hear(), 'y');
}

TEST_F(ProxyTo, AServerDelaysUntilTheWeatherChanges) {
  proxy.set({.delay = std::chrono::hours{1}});
  Client client{proxy.port(0)};
  client.say('a');
  until([&] { return proxy.waiting() == 1; });
  EXPECT_EQ(server.heard(), 0u);
  proxy.set({.delay = std::chrono::milliseconds{1}});
  EXPECT_EQ(client.hear(), 'b');
}

TEST_F(ProxyTo, AServerClosesOneHalf) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  EXPECT_EQ(proxy.cut({}, Cut::half_close), 1u);
  EXPECT_EQ(client.hear_the_end(), asio::error::eof);
  client.say('b');  // which nobody hears, and nobody refuses
  EXPECT_EQ(proxy.connections(), 0u);
  Client next{proxy.port(0)};
  next.say('x');
  EXPECT_EQ(next.hear(), 'y');
  EXPECT_EQ(server.heard(), 2u);
}

TEST_F(ProxyTo, AServerForgetsAConnectionSilently) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  EXPECT_EQ(proxy.mute(), 1u);
  client.say('b');
  EXPECT_FALSE(client.has_heard());
  EXPECT_EQ(proxy.cut(), 1u);  // the server takes one after another
  Client next{proxy.port(0)};
  next.say('x');
  EXPECT_EQ(next.hear(), 'y');
  EXPECT_EQ(server.heard(), 2u);
  EXPECT_EQ(proxy.attempts(), 2u);
}

TEST_F(ProxyTo, AServerCutsWithinARequest) {
  Client client{proxy.port(0)};
  proxy.cut_after(2, Direction::requests);
  EXPECT_TRUE(proxy.cut_is_due());
  for (const char byte : {'a', 'b'}) {
    client.say(byte);
    client.hear();
  }
  client.say('c');
  EXPECT_TRUE(client.hear_the_end());
  EXPECT_FALSE(proxy.cut_is_due());
  EXPECT_EQ(server.heard(), 2u);
}

TEST_F(ProxyTo, AServerCutsWithinAnAnswer) {
  Client client{proxy.port(0)};
  proxy.cut_after(1, Direction::answers);
  client.say('a');
  EXPECT_EQ(client.hear(), 'b');
  client.say('b');
  EXPECT_TRUE(client.hear_the_end());
  EXPECT_EQ(server.heard(), 2u);
  EXPECT_FALSE(proxy.cut_is_due());
}

TEST_F(ProxyTo, AServerLetsRequestsThroughLate) {
  Client client{proxy.port(0)};
  client.say('a');
  client.hear();
  proxy.set({.hold = true});
  client.say('b');
  until([&] { return proxy.waiting() == 1; });
  EXPECT_EQ(proxy.strand(), 1u);
  proxy.set({});
  EXPECT_TRUE(client.hear_the_end());
  EXPECT_EQ(server.heard(), 1u);
  proxy.release_stranded();
  until([&] { return server.heard() == 2; });
}

TEST(ProxyOfSeveral, HurtsOneRouteAlone) {
  Server one, two;
  Proxy proxy{{{.listen = 0, .target = one.port()}, {.listen = 0, .target = two.port()}}};
  Client first{proxy.port(0)}, second{proxy.port(1)};
  for (Client* client : {&first, &second}) {
    client->say('a');
    client->hear();
  }
  EXPECT_EQ(proxy.cut(0), 1u);
  EXPECT_TRUE(first.hear_the_end());
  second.say('b');
  EXPECT_EQ(second.hear(), 'c');
  EXPECT_EQ(proxy.connections(1), 1u);
}

TEST(ProxyToNobody, EndsTheConnection) {
  std::uint16_t nobody = 0;
  { nobody = Server{}.port(); }
  Proxy proxy{{{.listen = 0, .target = nobody}}};
  Client client{proxy.port(0)};
  EXPECT_TRUE(client.hear_the_end());
}

}  // namespace
}  // namespace dispytch::network
