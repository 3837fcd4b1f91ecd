#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace dispytch::testing {
namespace {

void require(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends = {};
  require(pipe2(ends.data(), O_CLOEXEC), "pipe2");
  return ends;
}

std::vector<std::string> environment(const ProcessOptions& options) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = text.find('=');
    all.insert_or_assign(std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)});
  }
  for (const auto& [name, value] : options.environment) all.insert_or_assign(name, value);
  std::vector<std::string> entries;
  for (const auto& [name, value] : all) entries.push_back(name + '=' + value);
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void close_end(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

Process::Process(std::vector<std::string> command, const ProcessOptions& options) : name_{command.front()} {
  ::signal(SIGPIPE, SIG_IGN);  // a program may end before it read all of its input
  auto [child_input, input] = make_pipe();
  input_ = input;
  int child_output = -1, child_errors = -1;
  if (options.terminal) {
    winsize size{.ws_row = 50, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
    require(openpty(&output_end_, &child_output, nullptr, nullptr, &size), "openpty");
    require(fcntl(output_end_, F_SETFD, FD_CLOEXEC), "fcntl");
    require(fcntl(child_output, F_SETFD, FD_CLOEXEC), "fcntl");
  } else {
    auto [output_read, output_write] = make_pipe();
    auto [errors_read, errors_write] = make_pipe();
    output_end_ = output_read, child_output = output_write;
    errors_end_ = errors_read, child_errors = errors_write;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, options.terminal ? child_output : child_errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // sockets of a library that doesn't mark its own as ours alone
  posix_spawnattr_t attributes;                                           // signals as a shell leaves them
  posix_spawnattr_init(&attributes);
  sigset_t none, ours;
  sigemptyset(&none);
  sigemptyset(&ours);
  sigaddset(&ours, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ours);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> variables = environment(options);
  const int failure = posix_spawnp(&id_, name_.c_str(), &actions, &attributes, pointers(command).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close_end(child_input);
  close_end(child_output);
  close_end(child_errors);
  if (failure != 0) throw std::system_error{failure, std::generic_category(), name_};
}

Process::~Process() {
  close_input();
  close_end(output_end_);
  close_end(errors_end_);
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
}

void Process::write(std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!text.empty() && input_ >= 0) {
    if (!exchange(text, deadline)) give_up("read its input");
  }
}

void Process::close_input() { close_end(input_); }

void Process::signal(int number) { kill(id_, number); }

bool Process::has_output() {
  pollfd watched{output_end_, POLLIN, 0};
  if (output_end_ >= 0 && poll(&watched, 1, 0) > 0) read(output_end_, output_);
  return !output_.empty();
}

Finished Process::finish() {
  close_input();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string_view nothing;
  while (output_end_ >= 0 || errors_end_ >= 0) {
    if (!exchange(nothing, deadline)) give_up("end");
  }
  int status = 0;
  waitpid(id_, &status, 0);
  id_ = -1;
  return {.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
          .output = std::move(output_),
          .errors = std::move(errors_)};
}

void Process::await(const std::string& stream, std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string_view nothing;
  while (stream.find(text) == std::string::npos) {
    if ((output_end_ < 0 && errors_end_ < 0) || !exchange(nothing, deadline)) give_up("write `" + std::string{text} + "`");
  }
}

// Moves what can be moved, either way; waits for something to. false: nothing came until the deadline.
bool Process::exchange(std::string_view& input, std::chrono::steady_clock::time_point deadline) {
  pollfd watched[] = {{output_end_, POLLIN, 0}, {errors_end_, POLLIN, 0}, {input.empty() ? -1 : input_, POLLOUT, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0 || poll(watched, 3, static_cast<int>(left.count())) <= 0) return false;
  if (watched[0].revents != 0) read(output_end_, output_);
  if (watched[1].revents != 0) read(errors_end_, errors_);
  if (watched[2].revents != 0) {
    const ssize_t count = ::write(input_, input.data(), std::min<std::size_t>(input.size(), PIPE_BUF));
    if (count < 0) close_input();
    input.remove_prefix(count < 0 ? input.size() : static_cast<std::size_t>(count));
  }
  return true;
}

void Process::read(int& descriptor, std::string& into) {
  char buffer[65536];
  const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
  if (count > 0) {
    into.append(buffer, static_cast<std::size_t>(count));
  } else {
    close_end(descriptor);  // its end; a terminal's is an error, EIO
  }
}

void Process::give_up(std::string_view doing) const {
  throw std::runtime_error{name_ + " did not " + std::string{doing} + "; its output: " + output_ + "\nits errors: " + errors_};
}

Finished run(std::vector<std::string> command, std::string_view input, const ProcessOptions& options) {
  Process process{std::move(command), options};
  process.write(input);
  return process.finish();
}

}  // namespace dispytch::testing
