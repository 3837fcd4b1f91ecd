#include "kit/isolate.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

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

}  // namespace

Child::Child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout)
    : timeout_{timeout}, deadline_{Clock::now() + timeout} {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    text_ = say("no pipe: ", std::strerror(errno));
    return;
  }
  std::fflush(nullptr);
  child_ = fork();
  if (child_ == 0) {
    close(ends[0]);
    judge_and_exit(judge, ends[1]);
  }
  close(ends[1]);
  if (child_ < 0) {
    text_ = say("no process: ", std::strerror(errno));
    close(ends[0]);
    return;
  }
  in_ = ends[0];
}

Child::~Child() {
  if (in_ >= 0) finish();
}

bool Child::take() {
  while (in_ >= 0 && !ended_) {
    if (Clock::now() >= deadline_) return true;
    pollfd readable{in_, POLLIN, 0};
    if (poll(&readable, 1, 0) <= 0) return false;
    char buffer[4096];
    const ssize_t n = read(in_, buffer, sizeof(buffer));
    if (n > 0) text_.append(buffer, static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) ended_ = true;
  }
  return true;
}

Verdict Child::finish() {
  if (in_ < 0) return {Verdict::Kind::failed, text_};
  close(std::exchange(in_, -1));
  if (!ended_) kill(child_, SIGKILL);
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {}
  if (!ended_) return {Verdict::Kind::failed, say("it did not come to an end in ", timeout_.count(), " ms; a call of the plugin hangs")};
  if (WIFSIGNALED(status)) return {Verdict::Kind::failed, say("the plugin took the process down with ", strsignal(WTERMSIG(status)))};
  if (text_.empty()) return {Verdict::Kind::failed, say("the plugin ended the process with exit code ", WEXITSTATUS(status))};
  return {static_cast<Verdict::Kind>(text_[0] - '0'), text_.substr(1)};
}

Verdict try_in_child(const std::function<Verdict()>& judge, std::chrono::milliseconds timeout) {
  Child child{judge, timeout};
  while (!child.take()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(child.deadline() - Clock::now());
    pollfd readable{child.descriptor(), POLLIN, 0};
    poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
  return child.finish();
}

}  // namespace dispytch::conformance
