#include "kit/isolate.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "kit/failure.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// What the child writes: the kind as a digit, then why.
[[noreturn]] void judge_and_exit(const std::function<Verdict()>& judge, int out) {
  const Verdict verdict = judge();
  const std::string text = std::to_string(static_cast<int>(verdict.kind)) + verdict.why;
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t n = write(out, text.data() + written, text.size() - written);
    if (n <= 0) _exit(1);
    written += static_cast<std::size_t>(n);
  }
  std::fflush(nullptr);
  _exit(0);  // no destructors of a library that is never unloaded
}

// Reads to the end, or until the deadline. Whether the end came.
bool read_all(int in, Clock::time_point deadline, std::string& text) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{in, POLLIN, 0};
    const int ready = poll(&readable, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    char buffer[4096];
    const ssize_t n = read(in, buffer, sizeof(buffer));
    if (n <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

Verdict try_in_child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout) {
  int ends[2];
  if (pipe(ends) != 0) return {Verdict::Kind::failed, say("no pipe: ", std::strerror(errno))};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return {Verdict::Kind::failed, say("no process: ", std::strerror(errno))};
  if (child == 0) {
    close(ends[0]);
    judge_and_exit(judge, ends[1]);
  }
  close(ends[1]);
  std::string text;
  const bool ended = read_all(ends[0], Clock::now() + timeout, text);
  close(ends[0]);
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!ended) return {Verdict::Kind::failed, say("it did not come to an end in ", timeout.count(), " ms; a call of the plugin hangs")};
  if (WIFSIGNALED(status)) return {Verdict::Kind::failed, say("the plugin took the process down with ", strsignal(WTERMSIG(status)))};
  if (text.empty()) return {Verdict::Kind::failed, say("the plugin ended the process with exit code ", WEXITSTATUS(status))};
  return {static_cast<Verdict::Kind>(text[0] - '0'), text.substr(1)};
}

}  // namespace dispytch::conformance
