// Bytes to and from the server, without waiting.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace dispytch::redis {

/// One attempt to connect, and the connection that it leads to. One thread. No write raises SIGPIPE.
class Socket {
 public:
  enum class Progress { done, pending, failed };

  Socket() = default;
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Begins to connect. Looking a name up may block for as long as the machine's resolver takes. Where it failed, why() says so.
  Progress open(const Address& address);
  /// Goes on once the socket is writable: the next of the name's addresses is tried where one failed.
  Progress connect();

  /// Reads what there is. Pending: nothing at present. Failed: the connection is gone.
  Progress read(std::span<char> into, std::size_t& count);
  /// Writes what the connection takes. As read().
  Progress write(std::string_view bytes, std::size_t& count);

  int descriptor() const noexcept { return descriptor_; }
  const std::string& why() const noexcept { return why_; }

 private:
  struct Target;
  Progress try_next();
  void fail(int number);

  int descriptor_ = -1;
  std::vector<std::shared_ptr<const Target>> targets_ = {};  // still to be tried, the next one last
  std::string why_ = {};                                     // the last attempt failed
};

}  // namespace dispytch::redis
