#include "kit/commands.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <utility>

namespace dispytch::conformance {

std::string run_command(const char* key, const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  expect(pipe != nullptr, "`", key, "` can't be run");
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  const int status = pclose(pipe);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the command of `", key, "` in the kit's config failed: ", command);
  return output;
}

Stopped::~Stopped() {
  try {
    start();
  } catch (const std::exception&) {  // the rule that comes next will say so
  }
}

void Stopped::start() {
  if (std::exchange(stopped_, false)) run_command("commands: start", scene_.options.commands.start);
}

Frozen::~Frozen() {
  try {
    thaw();
  } catch (const std::exception&) {  // the rule that comes next will say so
  }
}

void Frozen::thaw() {
  if (std::exchange(frozen_, false)) run_command("commands: thaw", scene_.options.commands.thaw);
}

}  // namespace dispytch::conformance
