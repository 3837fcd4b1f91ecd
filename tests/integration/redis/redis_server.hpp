// A real redis-server of a test's own: on loopback, with its data in a folder that goes with it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "reply.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::redis::testing {

/// Starts with this and ends with it. Every write is in its log before it is answered, so that a kill loses nothing that was confirmed. One
/// thread. Throws std::runtime_error where the server doesn't do in time what it is to do.
class RedisServer {
 public:
  /// `options`: further arguments, such as "--requirepass".
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void kill();
  void freeze();
  void thaw();
  /// Starts it again with its data; `options` come in addition. With `wait` false it may still be reading its data.
  void restart(const std::vector<std::string>& options = {}, bool wait = true);

  /// Asks as a user who may do anything, and is not counted among the clients of a test.
  Reply ask(std::initializer_list<std::string_view> words) const;
  std::string text_of(std::initializer_list<std::string_view> words) const;
  std::int64_t number_of(std::initializer_list<std::string_view> words) const;
  /// Makes an empty stream.
  void make_stream(const std::string& name) const;

 private:
  void start(const std::vector<std::string>& more);
  void await_answer() const;

  dispytch::testing::TemporaryFolder folder_{"dispytch-redis"};
  const std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  pid_t id_ = -1;
};

}  // namespace dispytch::redis::testing
