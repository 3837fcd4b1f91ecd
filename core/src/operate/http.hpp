// What probes and Prometheus ask over HTTP: /live, /ready and /metrics.
#pragma once

#include <cstdint>
#include <string>

#include "operate/connection_server.hpp"

namespace dispytch::operate {

class Watch;

/// Answers on a thread of its own until it is destroyed. The watch must outlive it.
class HttpServer {
 public:
  /// `address`: HOST:PORT, `[ADDRESS]:PORT` for IPv6; port 0 takes a free one. Throws Exception (ErrorCode::config) where it can't be
  /// bound.
  HttpServer(const std::string& address, const Watch& watch, ConnectionLimits limits = {});

  std::uint16_t port() const noexcept { return port_; }

 private:
  HttpServer(const Poco::Net::ServerSocket& socket, const Watch& watch, ConnectionLimits limits);

  std::uint16_t port_;
  ConnectionServer server_;
};

}  // namespace dispytch::operate
