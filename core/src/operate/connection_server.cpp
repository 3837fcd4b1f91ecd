#include "operate/connection_server.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include "base/log.hpp"

namespace dispytch::operate {
namespace {

using Poco::Net::StreamSocket;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kReadAtOnce = 4096;
constexpr int kAcceptedAtOnce = 64;
constexpr std::chrono::milliseconds kWithoutDescriptors{100};  // until a connection is accepted again, where none could be closed for it

}  // namespace

struct ConnectionServer::Loop {
  struct Connection {
    StreamSocket socket;
    SteadyClock::time_point deadline;
    std::string received = {};
    std::string unsent = {};
    std::size_t sent = 0;   // of `unsent`
    bool ending = false;    // behind `unsent` nothing follows
    bool finished = false;  // all is sent: what still comes is thrown away, until the other side has closed too
    bool closed = false;
  };

  Loop(const Poco::Net::ServerSocket& listening, Serve serve_with, ConnectionLimits given)
      : socket{listening}, serve{std::move(serve_with)}, limits{given}, wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (wake < 0) throw std::system_error{errno, std::generic_category(), "no eventfd can be made"};
  }
  ~Loop() { ::close(wake); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Poco::Net::ServerSocket socket;
  const Serve serve;
  const ConnectionLimits limits;
  const int wake;  // readable once the server is to end
  std::vector<std::unique_ptr<Connection>> connections = {};
  SteadyClock::time_point accept_again = {};
  std::jthread thread = {};

  void run(const std::stop_token& stop) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stop.stop_requested()) step();
  }

  void step() {
    const std::vector<pollfd> ready = wait();
    // What was sent in time is served before anything is found to be late: a Serve may have kept it waiting.
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (ready[i + 2].revents != 0) attempt(*connections[i]);
    }
    const SteadyClock::time_point now = SteadyClock::now();
    for (const auto& connection : connections) connection->closed = connection->closed || connection->deadline <= now;
    std::erase_if(connections, [](const auto& connection) { return connection->closed; });
    if (ready[1].revents != 0) accept();
  }

  // Blocks until something can be done. The first two are those of the server, then each connection's.
  std::vector<pollfd> wait() const {
    const SteadyClock::time_point now = SteadyClock::now();
    const bool accepting = accept_again <= now;
    SteadyClock::time_point until = accepting ? SteadyClock::time_point::max() : accept_again;
    std::vector<pollfd> descriptors;
    descriptors.reserve(connections.size() + 2);
    descriptors.push_back({.fd = wake, .events = POLLIN, .revents = 0});
    descriptors.push_back({.fd = accepting ? socket.impl()->sockfd() : -1, .events = POLLIN, .revents = 0});
    for (const auto& connection : connections) {
      const bool sending = connection->sent < connection->unsent.size();
      descriptors.push_back(
          {.fd = connection->socket.impl()->sockfd(), .events = static_cast<short>(sending ? POLLOUT : POLLIN), .revents = 0});
      until = std::min(until, connection->deadline);
    }
    int timeout_ms = -1;
    if (until != SteadyClock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
      timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    if (::poll(descriptors.data(), descriptors.size(), timeout_ms) < 0) {
      for (pollfd& descriptor : descriptors) descriptor.revents = 0;
    }
    return descriptors;
  }

  void accept() {
    for (int i = 0; i < kAcceptedAtOnce && socket.poll(Poco::Timespan{}, Poco::Net::Socket::SELECT_READ); ++i) {
      if (connections.size() >= limits.connections) close_longest_waiting();
      try {
        StreamSocket accepted = socket.acceptConnection();
        accepted.setBlocking(false);
        connections.push_back(
            std::make_unique<Connection>(Connection{.socket = accepted, .deadline = SteadyClock::now() + limits.patience}));
      } catch (const Poco::Exception& exception) {  // no descriptor is left, or it was closed before it was accepted
        log::debug("connections", exception.displayText());
        if (connections.empty()) accept_again = SteadyClock::now() + kWithoutDescriptors;
        close_longest_waiting();
        return;
      }
    }
  }

  void close_longest_waiting() {
    const auto longest = std::ranges::min_element(connections, {}, [](const auto& connection) { return connection->deadline; });
    if (longest != connections.end()) connections.erase(longest);
  }

  void attempt(Connection& connection) {
    try {
      if (connection.sent == connection.unsent.size()) receive(connection);
      if (!connection.closed) advance(connection);
    } catch (const std::exception& exception) {  // of this connection; the others fare better
      log::debug("connections", exception.what());
      connection.closed = true;
    }
  }

  void receive(Connection& connection) {
    std::array<char, kReadAtOnce> buffer;
    const ssize_t count = ::recv(connection.socket.impl()->sockfd(), buffer.data(), buffer.size(), 0);
    if (count == 0 || (count < 0 && !try_again())) connection.closed = true;
    if (count > 0 && !connection.finished) connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  }

  // Sends what is to be sent, then answers what has been asked, until neither goes on.
  void advance(Connection& connection) {
    while (!connection.finished) {
      if (!send(connection)) return;
      if (connection.ending) {
        connection.socket.shutdownSend();
        connection.finished = true;
        return;
      }
      std::optional<Reply> reply = serve(connection.received, connection.socket);
      if (!reply) return;
      connection.unsent = std::move(reply->bytes);
      connection.sent = 0;
      connection.ending = reply->last;
      connection.deadline = SteadyClock::now() + limits.patience;
      make_room_for_replies(connection);
    }
  }

  static bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  // Returns whether all is sent. By the system's calls: Poco's throw where a socket would block.
  static bool send(Connection& connection) {
    while (connection.sent < connection.unsent.size()) {
      const ssize_t count = ::send(connection.socket.impl()->sockfd(), connection.unsent.data() + connection.sent,
                                   connection.unsent.size() - connection.sent, MSG_NOSIGNAL);
      if (count < 0 && !try_again()) connection.closed = true;
      if (count < 0) return false;
      connection.sent += static_cast<std::size_t>(count);
    }
    connection.unsent = {};
    connection.sent = 0;
    return true;
  }

  void make_room_for_replies(const Connection& newest) {
    std::size_t bytes = 0;
    for (const auto& connection : connections) bytes += connection->closed ? 0 : connection->unsent.size();
    while (bytes > limits.unsent_bytes) {
      Connection* longest = nullptr;
      for (const auto& connection : connections) {
        if (connection->closed || connection->unsent.empty() || connection.get() == &newest) continue;
        if (longest == nullptr || connection->deadline < longest->deadline) longest = connection.get();
      }
      if (longest == nullptr) return;
      bytes -= longest->unsent.size();
      longest->unsent = {};
      longest->sent = 0;
      longest->closed = true;
    }
  }
};

ConnectionServer::ConnectionServer(const Poco::Net::ServerSocket& socket, Serve serve, ConnectionLimits limits)
    : loop_{std::make_unique<Loop>(socket, std::move(serve), limits)} {
  loop_->thread = std::jthread{[loop = loop_.get()](const std::stop_token& stop) { loop->run(stop); }};
}

ConnectionServer::~ConnectionServer() {
  loop_->thread.request_stop();
  const std::uint64_t one = 1;
  (void)!::write(loop_->wake, &one, sizeof one);
  loop_->thread.join();
}

}  // namespace dispytch::operate
