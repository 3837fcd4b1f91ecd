// What the subcommands of `dispytch` share: how they join the command line and how they fail.
#pragma once

#include <functional>
#include <stdexcept>

namespace CLI {
class App;
}

namespace dispytch::cli {

/// Exit codes, the same as those of every program over dispytch.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  ///< at run time
inline constexpr int kUsage = 2;   ///< wrong usage or configuration

/// Wrong usage: told on standard error, exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What to do once the whole command line is understood; returns the exit code. Throws UsageError, dispytch::Exception, std::exception.
using Action = std::function<int()>;

// One function for each subcommand, in a file of its name: describes it to CLI11, and sets `action` where it is the one that is called.
// Both arguments outlive the parsing.
void add_check(CLI::App& program, Action& action);
void add_emit(CLI::App& program, Action& action);
void add_tail(CLI::App& program, Action& action);
void add_plugins(CLI::App& program, Action& action);
void add_plugins_inspect(CLI::App& plugins, Action& action);
void add_status(CLI::App& program, Action& action);
void add_dlq(CLI::App& program, Action& action);
void add_skip(CLI::App& program, Action& action);
void add_positions(CLI::App& program, Action& action);
void add_groups(CLI::App& program, Action& action);
void add_declare(CLI::App& program, Action& action);
void add_completion(CLI::App& program, Action& action);

}  // namespace dispytch::cli
