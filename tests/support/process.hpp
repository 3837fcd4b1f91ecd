// Runs programs as a shell would: arguments, environment, standard input; what they write and how they end.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dispytch::testing {

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< besides the test's own
  bool terminal = false;                                              ///< standard output and error are a terminal, both read as output
};

struct Finished {
  int exit_code = 0;  ///< of a program that a signal ended: 128 and the signal's number
  std::string output = {};
  std::string errors = {};
};

/// A running program. One thread. Waits at most kPatience, then throws std::runtime_error with what the program wrote so far; one that
/// still runs when this is destroyed is killed.
class Process {
 public:
  static constexpr std::chrono::seconds kPatience{60};

  explicit Process(std::vector<std::string> command, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const noexcept { return id_; }

  /// To its standard input, all of it; what the program writes meanwhile is kept.
  void write(std::string_view text);
  void close_input();
  void signal(int number);

  /// Until the text stands in its standard output, or in its standard error.
  void await_output(std::string_view text) { await(output_, text); }
  void await_errors(std::string_view text) { await(errors_, text); }

  /// Whether anything stands in its standard output by now.
  bool has_output();

  /// Closes its input, reads to the end of its outputs and waits for it.
  Finished finish();

 private:
  void await(const std::string& stream, std::string_view text);
  bool exchange(std::string_view& input, std::chrono::steady_clock::time_point deadline);
  void read(int& descriptor, std::string& into);
  [[noreturn]] void give_up(std::string_view doing) const;

  std::string name_;
  pid_t id_ = -1;
  int input_ = -1, output_end_ = -1, errors_end_ = -1;
  std::string output_ = {}, errors_ = {};
};

/// Runs a program to its end.
Finished run(std::vector<std::string> command, std::string_view input = {}, const ProcessOptions& options = {});

}  // namespace dispytch::testing
