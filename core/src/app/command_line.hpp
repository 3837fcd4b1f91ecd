// The command line that every application has, and the options it adds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dispytch::app {

/// An option of the application itself; the pointer is where its value goes.
struct ExtraOption {
  std::string name;
  std::string help;
  std::variant<std::string*, int*, double*, bool*> value;
};

struct CommandLine {
  std::string config = {};
  bool check = false;
  std::optional<std::chrono::milliseconds> until_idle = {};
};

struct Parsed {
  std::optional<int> exit_code = {};  ///< set: the program is over (--help, --version, wrong usage); all has been printed
  CommandLine line = {};
};

/// Reads the command line; prints help, version and mistakes itself. `until_idle`: the application listens, so the option makes sense.
Parsed parse_command_line(int argc, char** argv, const std::string& name, const std::string& version, const std::vector<ExtraOption>& extra,
                          bool listens, std::string default_config);

/// "250ms", "2s", "5m", "1h" as milliseconds; nullopt: it is none.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace dispytch::app
