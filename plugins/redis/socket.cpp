#include "socket.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace dispytch::redis {

struct Socket::Target {
  sockaddr_storage address = {};
  socklen_t size = 0;
};

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Socket::fail(int number) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
  why_ = std::generic_category().message(number);
}

Socket::Progress Socket::open(const Address& address) {
  targets_.clear();
  if (!address.path.empty()) {
    auto target = std::make_shared<Target>();
    auto& local = reinterpret_cast<sockaddr_un&>(target->address);
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, address.path.data(), std::min(address.path.size(), sizeof(local.sun_path) - 1));
    target->size = sizeof(sockaddr_un);
    targets_.push_back(std::move(target));
    return try_next();
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found); problem != 0) {
    why_ = problem == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(problem);
    return Progress::failed;
  }
  const std::unique_ptr<addrinfo, decltype([](addrinfo* list) { freeaddrinfo(list); })> list{found};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    auto target = std::make_shared<Target>();
    std::memcpy(&target->address, each->ai_addr, each->ai_addrlen);
    target->size = each->ai_addrlen;
    targets_.insert(targets_.begin(), std::move(target));
  }
  return try_next();
}

Socket::Progress Socket::try_next() {
  while (!targets_.empty()) {
    const std::shared_ptr<const Target> target = std::move(targets_.back());
    targets_.pop_back();
    const int family = target->address.ss_family;
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) {
      fail(errno);
      continue;
    }
    if (family != AF_UNIX) {
      const int on = 1;
      setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&target->address), target->size) == 0) return Progress::done;
    if (errno == EINPROGRESS) return Progress::pending;
    fail(errno);
  }
  return Progress::failed;
}

Socket::Progress Socket::connect() {
  int problem = 0;
  socklen_t size = sizeof problem;
  if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
  if (problem == 0) return Progress::done;
  fail(problem);
  return try_next();
}

Socket::Progress Socket::read(std::span<char> into, std::size_t& count) {
  const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
  if (got > 0) {
    count = static_cast<std::size_t>(got);
    return Progress::done;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Progress::pending;
  if (got == 0) {
    why_ = "the server closed the connection";
  } else {
    why_ = std::generic_category().message(errno);
  }
  return Progress::failed;
}

Socket::Progress Socket::write(std::string_view bytes, std::size_t& count) {
  const ssize_t put = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) {
    count = static_cast<std::size_t>(put);
    return Progress::done;
  }
  if (errno == EAGAIN || errno == EINTR) return Progress::pending;
  why_ = std::generic_category().message(errno);
  return Progress::failed;
}

}  // namespace dispytch::redis
