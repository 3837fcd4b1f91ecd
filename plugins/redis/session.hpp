// Questions to the server that somebody waits for.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "options.hpp"
#include "reply.hpp"

namespace dispytch::redis {

/// A connection of the calling thread's own, until its end. Throws plugin::Exception where the server can't be reached in time, or refuses
/// the login. SIGPIPE is not raised.
class Session {
 public:
  using Time = Connection::Time;

  Session(const Options& options, std::string client_name, std::chrono::milliseconds timeout);

  /// Sends a command and waits for its answer, which may be an error of the server. Throws plugin::Exception where none comes in time.
  Reply ask(std::string_view command);
  Reply ask(std::initializer_list<std::string_view> words);
  /// As ask(); throws plugin::Exception for an error of the server too, with `doing` in its sentence.
  Reply require(std::string_view command, std::string_view doing);
  Reply require(std::initializer_list<std::string_view> words, std::string_view doing);

  /// Gives later questions so much time, from now.
  void renew(std::chrono::milliseconds timeout);
  std::chrono::milliseconds left() const;
  Time deadline() const noexcept { return deadline_; }
  const std::string& server() const noexcept { return options_.address.text; }

 private:
  void drive();

  const Options& options_;
  Time deadline_;
  plugin::Error why_down_ = {.code = DISPYTCH_OK};
  Connection connection_;
};

}  // namespace dispytch::redis
