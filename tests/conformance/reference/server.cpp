// The reference broker as a program: `reference-broker [--port N] [--journal FILE] [--pid-file FILE] [--lease MS]
// [--loading MS]` prints its port and serves on loopback until it is killed; `reference-broker --list PORT` prints what readers have left
// at one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference/broker.hpp"

namespace dispytch::reference {
namespace {

struct Client {
  Decoder decoder = {};
  std::string output = {};
};

sockaddr_in on_loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void fail(const std::string& doing) { throw std::runtime_error{doing + ": " + std::strerror(errno)}; }

class Server {
 public:
  Server(std::uint16_t port, const BrokerOptions& options) : broker_{options, std::chrono::steady_clock::now()} {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = on_loopback(port);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (listen(listener_, 64) != 0) fail("listen");
  }
  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
  }

  [[noreturn]] void run() {
    while (true) {
      std::vector<pollfd> ready{{listener_, POLLIN, 0}};
      for (const auto& [descriptor, client] : clients_) {
        ready.push_back({descriptor, static_cast<short>(client.output.empty() ? POLLIN : POLLIN | POLLOUT), 0});
      }
      poll(ready.data(), ready.size(), 20);
      if (ready[0].revents != 0) accept_one();
      for (std::size_t i = 1; i < ready.size(); ++i) {
        if (ready[i].revents != 0 && !serve(ready[i].fd)) drop(ready[i].fd);
      }
      for (auto& [descriptor, answer] : broker_.tick(std::chrono::steady_clock::now())) {
        if (const auto client = clients_.find(descriptor); client != clients_.end()) client->second.output += encode(answer);
      }
      for (auto& [descriptor, client] : clients_) flush(descriptor, client);
    }
  }

 private:
  void accept_one() {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients_[descriptor];
  }
  bool serve(int descriptor) {
    Client& client = clients_.at(descriptor);
    char buffer[65536];
    const ssize_t count = recv(descriptor, buffer, sizeof buffer, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return false;
    if (count > 0) client.decoder.add(buffer, static_cast<std::size_t>(count));
    try {
      while (const std::optional<Frame> request = client.decoder.next()) {
        if (const std::optional<Frame> answer = broker_.handle(descriptor, *request, std::chrono::steady_clock::now()))
          client.output += encode(*answer);
      }
    } catch (const nlohmann::json::exception&) {
      return false;  // no client of ours
    }
    return true;
  }
  static void flush(int descriptor, Client& client) {
    while (!client.output.empty()) {
      const ssize_t count = send(descriptor, client.output.data(), client.output.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      client.output.erase(0, static_cast<std::size_t>(count));
    }
  }
  void drop(int descriptor) {
    broker_.forget(descriptor);
    clients_.erase(descriptor);
    close(descriptor);
  }

  int listener_ = -1;
  Broker broker_;
  std::map<int, Client> clients_ = {};
};

// Asks a running broker what there is.
int list(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = on_loopback(port);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const std::string request = encode({{"id", 1}, {"do", "hello"}, {"password", "right"}}) + encode({{"id", 2}, {"do", "list"}});
  if (send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("send");
  Decoder decoder;
  char buffer[4096];
  for (ssize_t count = 0; (count = recv(descriptor, buffer, sizeof buffer, 0)) > 0;) {
    decoder.add(buffer, static_cast<std::size_t>(count));
    while (const std::optional<Frame> answer = decoder.next()) {
      if (!answer->contains("names")) continue;
      for (const std::string name : (*answer)["names"]) std::cout << name << "\n";
      return 0;
    }
  }
  fail("recv");
}

int run(const std::map<std::string, std::string>& arguments) {
  const auto text = [&](const char* name) { return arguments.contains(name) ? arguments.at(name) : std::string{}; };
  const auto number = [&](const char* name, int otherwise) { return arguments.contains(name) ? std::stoi(arguments.at(name)) : otherwise; };
  if (arguments.contains("--list")) return list(static_cast<std::uint16_t>(number("--list", 0)));
  std::signal(SIGPIPE, SIG_IGN);
  Server server{static_cast<std::uint16_t>(number("--port", 0)),
                BrokerOptions{.journal = text("--journal"),
                              .lease = std::chrono::milliseconds{number("--lease", 1500)},
                              .loading = std::chrono::milliseconds{number("--loading", 0)}}};
  // It listens: whoever started it may go on. The process that serves is a child, so that a shell command that starts it returns.
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) {
    if (!text("--pid-file").empty()) std::ofstream{text("--pid-file")} << child << std::flush;
    std::cout << server.port() << std::endl;
    return 0;
  }
  setsid();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int descriptor : {0, 1, 2}) dup2(null, descriptor);
  server.run();
}

}  // namespace
}  // namespace dispytch::reference

int main(int argc, char** argv) {
  std::map<std::string, std::string> arguments;
  for (int i = 1; i + 1 < argc; i += 2) arguments[argv[i]] = argv[i + 1];
  try {
    return dispytch::reference::run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "reference-broker: " << error.what() << "\n";
    return 1;
  }
}
