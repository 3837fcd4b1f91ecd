// What probes and Prometheus ask over HTTP: /live, /ready and /metrics.
#pragma once

#include <memory>
#include <string>

namespace dispytch::operate {

class Watch;

/// Answers on threads of its own until it is destroyed. The watch must outlive it.
class HttpServer {
 public:
  /// `address`: HOST:PORT, `[ADDRESS]:PORT` for IPv6; port 0 takes a free one. Throws Exception (ErrorCode::config) where it can't be
  /// bound.
  HttpServer(const std::string& address, Watch& watch);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const noexcept;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace dispytch::operate
