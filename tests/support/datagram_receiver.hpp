// A local socket that takes datagrams, as systemd does.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace dispytch::testing {

class DatagramReceiver {
 public:
  DatagramReceiver() {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path_.size() >= sizeof name.sun_path) throw std::runtime_error{path_ + " is too long for a socket"};
    std::memcpy(name.sun_path, path_.data(), path_.size());
    if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) throw std::runtime_error{"bind: " + path_};
  }
  ~DatagramReceiver() { close(); }
  DatagramReceiver(const DatagramReceiver&) = delete;
  DatagramReceiver& operator=(const DatagramReceiver&) = delete;

  const std::string& path() const noexcept { return path_; }

  /// Returns the next datagram; empty where none comes within `timeout_ms`.
  std::string next(int timeout_ms = 10'000) {
    pollfd wanted{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, timeout_ms) != 1) return {};
    std::string bytes(65536, '\0');
    const ssize_t size = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return bytes;
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  TemporaryFolder folder_{"datagrams"};
  const std::string path_ = folder_.path() / "socket";
  int descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

}  // namespace dispytch::testing
