#include "base/datagram.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace dispytch {
namespace {

Error unavailable(const std::string& what) {
  return {.code = ErrorCode::unavailable, .text = what + ": " + std::generic_category().message(errno)};
}

}  // namespace

Result<Datagram> Datagram::to(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.empty() || address.size() >= sizeof name.sun_path) {
    return Error{.code = ErrorCode::unavailable,
                 .text = "the name of a local socket has 1 to 107 bytes, not " + std::to_string(address.size())};
  }
  std::memcpy(name.sun_path, address.data(), address.size());
  if (address.front() == '@') name.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  Datagram socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (socket.descriptor_ < 0) return unavailable("a local socket");
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&name), size) != 0) return unavailable("the socket " + address);
  return socket;
}

Datagram::~Datagram() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> Datagram::send(std::string_view bytes) {
  if (::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return unavailable("a local socket");
  return {};
}

}  // namespace dispytch
