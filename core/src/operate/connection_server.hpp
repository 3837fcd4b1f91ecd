// Many connections on one thread, none of which can hold up another: silent, slow and half-finished ones cost a descriptor for a few
// seconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace Poco::Net {
class ServerSocket;
class StreamSocket;
}  // namespace Poco::Net

namespace dispytch::operate {

/// Bytes that go back to a connection.
struct Reply {
  std::string bytes = {};
  bool last = false;  ///< the connection ends behind them
};

/// What all connections together may take.
struct ConnectionLimits {
  std::size_t connections = 512;                     ///< half of the descriptors that a process usually has
  std::size_t unsent_bytes = std::size_t{16} << 20;  ///< replies that were made and not yet taken
  std::chrono::milliseconds patience{5'000};         ///< for a connection to send its request, and again to take the reply
};

/// Serves until it is destroyed. Where a limit is reached, the connection that has kept the server waiting longest is closed, so that a new
/// one is served however many others are idle.
class ConnectionServer {
 public:
  /// Takes the first request out of `received`, which holds what the connection has sent and no call has taken, and answers it. Returns
  /// nothing while the request isn't whole; bounds `received` by answering with a last reply what is too long. Runs on the server's thread,
  /// where it keeps all connections waiting. An exception ends the connection.
  using Serve = std::function<std::optional<Reply>(std::string& received, const Poco::Net::StreamSocket& connection)>;

  /// Starts the server's thread. The socket is bound and listens. Throws std::system_error, Poco::Exception.
  ConnectionServer(const Poco::Net::ServerSocket& socket, Serve serve, ConnectionLimits limits = {});
  /// Closes all connections. Blocks as long as a Serve that runs.
  ~ConnectionServer();
  ConnectionServer(const ConnectionServer&) = delete;
  ConnectionServer& operator=(const ConnectionServer&) = delete;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace dispytch::operate
