// Where `dispytch status` and `dispytch skip` reach the running application: a Unix socket that only its owner may use.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dispytch::operate {

/// Answers on a thread of its own, a line for a line. Lines are bounded, silent connections ended, and none holds up another.
class ControlSocket {
 public:
  /// `request` without its line end; `who` as "user NAME, process PID". Called on the socket's thread.
  using Answer = std::function<std::string(std::string_view request, std::string_view who)>;

  /// Throws Exception (ErrorCode::config) where the path can't be used, or another living application uses it. A socket that a dead one
  /// left behind is replaced.
  ControlSocket(std::filesystem::path path, const Answer& answer);
  /// Removes the socket's file.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

/// Asks the application behind a socket, as the command line does. Blocks for 15 s at most. Throws Exception where nobody answers.
std::string ask(const std::filesystem::path& path, std::string_view request);

}  // namespace dispytch::operate
