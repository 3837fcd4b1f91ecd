// The config file as the subcommands take it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "border/adapter.hpp"
#include "config/config.hpp"

namespace CLI {
class App;
}

namespace dispytch::cli {

/// How long a command waits for a broker's answer about groups and positions.
inline constexpr std::chrono::seconds kAdminPatience{30};

/// Adds `--config FILE`, which the environment variable DISPYTCH_CONFIG stands in for. `file` outlives the parsing.
void add_config_option(CLI::App& command, std::string& file);

/// Refuses a word of the command line that is no UTF-8, as no name at a broker or in a config file is. For CLI::Option::check().
std::string require_utf8(const std::string& word);

/// Says on standard error what a look at messages leaves at a broker that can't have it otherwise: its group, by name. Says nothing where
/// the broker has no groups.
void say_what_stays_behind(const border::Adapter& adapter, const std::string& group);

/// Loads and checks the file, loading the plugins it names into this process, and sets up the log: warnings and worse, on standard
/// error. Throws Exception (ErrorCode::config, all mistakes in its text).
config::Config open_config(const std::string& file);

/// The emitter, listener or backend of that name. Throws UsageError, which lists those there are. `kind`: "emitter".
template <class T>
const T& named(const std::map<std::string, T>& all, std::string_view kind, const std::string& name, const config::Config& config);

/// The wire form of a topic's events at a backend.
const WireForm& wire_of(const config::BackendConfig& backend, const std::string& topic);

[[noreturn]] void fail_unknown(std::string_view kind, const std::string& name, const std::vector<std::string>& known,
                               const config::Config& config);

template <class T>
const T& named(const std::map<std::string, T>& all, std::string_view kind, const std::string& name, const config::Config& config) {
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [each, unused] : all) known.push_back(each);
  fail_unknown(kind, name, known, config);
}

}  // namespace dispytch::cli
