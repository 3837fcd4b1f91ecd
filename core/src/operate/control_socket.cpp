#include "operate/control_socket.hpp"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Timespan.h>

#include <dispytch/result.hpp>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "operate/connection_server.hpp"

namespace dispytch::operate {
namespace {

using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

constexpr std::size_t kLongestRequest = 64 * 1024;
constexpr std::size_t kLongestAnswer = 4 * 1024 * 1024;  // of an application with very many listeners
constexpr int kBacklog = 64;
constexpr std::size_t kMostConnections = 64;
constexpr std::chrono::seconds kSilence{5};  // a connection that says nothing for so long is ended
const Poco::Timespan kAnswerTime{15, 0};     // more than a listener is waited for

// A line without its end; nothing where the other side closed. Throws std::length_error where it is longer than `most`, Poco's exception
// where none came in time.
std::optional<std::string> read_line(StreamSocket& socket, std::size_t most) {
  std::string line;
  std::array<char, 4096> buffer{};
  std::size_t seen = 0;
  while (line.find('\n', seen) == std::string::npos) {
    seen = line.size();
    if (seen > most) throw std::length_error{"too long"};
    const int count = socket.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) return std::nullopt;
    line.append(buffer.data(), static_cast<std::size_t>(count));
  }
  line.resize(line.find('\n', seen));
  return line;
}

void write_line(StreamSocket& socket, std::string text) {
  text += '\n';
  for (std::size_t sent = 0; sent < text.size();) {
    const int count = socket.sendBytes(text.data() + sent, static_cast<int>(text.size() - sent), MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

std::string peer(const StreamSocket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket.impl()->sockfd(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return "somebody";
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(credentials.uid, &entry, buffer.data(), buffer.size(), &found);
  return "user " + (found != nullptr ? std::string{found->pw_name} : std::to_string(credentials.uid)) + ", process " +
         std::to_string(credentials.pid);
}

std::optional<Reply> reply(std::string& received, const StreamSocket& connection, const ControlSocket::Answer& answer) {
  const std::size_t end = received.find('\n');
  if (std::min(end, received.size()) > kLongestRequest) {
    return Reply{.bytes = R"({"error":"a request has at most )" + std::to_string(kLongestRequest) + " bytes\"}\n", .last = true};
  }
  if (end == std::string::npos) return std::nullopt;
  const std::string request = received.substr(0, end);
  received.erase(0, end + 1);
  return Reply{.bytes = answer(request, peer(connection)) + '\n'};
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Exception{ErrorCode::config, "`control.socket`: " + path.string() + " can't be used: " + why};
}

bool somebody_answers(const std::filesystem::path& path) {
  try {
    StreamSocket socket;
    socket.connect(SocketAddress{SocketAddress::UNIX_LOCAL, path.string()}, Poco::Timespan{kSilence.count(), 0});
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

ServerSocket listen_at(const std::filesystem::path& path) {
  std::error_code error;
  const auto there = std::filesystem::symlink_status(path, error);
  if (std::filesystem::is_socket(there)) {
    if (somebody_answers(path)) refuse(path, "another application answers there; give this one a socket of its own");
    std::filesystem::remove(path, error);  // left behind by one that was killed
  } else if (std::filesystem::exists(there)) {
    refuse(path, "there is a file of another kind; remove it, or choose another path");
  }
  const mode_t before = umask(0077);  // for its owner alone, from the beginning
  try {
    ServerSocket socket;
    socket.bind(SocketAddress{SocketAddress::UNIX_LOCAL, path.string()});
    umask(before);
    socket.listen(kBacklog);
    return socket;
  } catch (const Poco::Exception& exception) {
    umask(before);
    refuse(path, exception.displayText() + "; its folder must exist and be writable");
  }
}

}  // namespace

struct ControlSocket::Server {
  Server(std::filesystem::path socket_path, const Answer& answer)
      : path{std::move(socket_path)},
        connections{listen_at(path),
                    [answer](std::string& received, const StreamSocket& connection) { return reply(received, connection, answer); },
                    {.connections = kMostConnections, .patience = kSilence}} {}
  const std::filesystem::path path;
  ConnectionServer connections;
};

ControlSocket::ControlSocket(std::filesystem::path path, const Answer& answer)
    : server_{std::make_unique<Server>(std::move(path), answer)} {}

ControlSocket::~ControlSocket() {
  const std::filesystem::path path = server_->path;
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

std::string ask(const std::filesystem::path& path, std::string_view request) {
  const auto fail = [&](const std::string& why) -> Exception {
    return Exception{ErrorCode::unavailable, "no application answers at " + path.string() + ": " + why};
  };
  try {
    StreamSocket socket;
    socket.connect(SocketAddress{SocketAddress::UNIX_LOCAL, path.string()}, Poco::Timespan{kSilence.count(), 0});
    socket.setReceiveTimeout(kAnswerTime);
    write_line(socket, std::string{request});
    std::optional<std::string> line = read_line(socket, kLongestAnswer);
    if (!line) throw fail("it closed the connection");
    return *std::move(line);
  } catch (const std::length_error&) {
    throw fail("what it answers has no end");
  } catch (const Poco::Exception& exception) {
    throw fail(exception.displayText());
  }
}

}  // namespace dispytch::operate
