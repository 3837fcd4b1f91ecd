#include "app/command_line.hpp"

#include <charconv>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <type_traits>

#include <CLI/CLI.hpp>

#include <dispytch/app.hpp>

#include "text/escape.hpp"

namespace dispytch::app {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > 1'000'000'000) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "ms") return std::chrono::milliseconds{number};
  if (unit == "s") return std::chrono::seconds{number};
  if (unit == "m" || unit == "min") return std::chrono::minutes{number};
  if (unit == "h") return std::chrono::hours{number};
  return std::nullopt;
}

Parsed parse_command_line(int argc, char** argv, const std::string& name, const std::string& version, const std::vector<ExtraOption>& extra,
                          bool listens, std::string default_config) {
  Parsed parsed;
  parsed.line.config = std::move(default_config);
  CLI::App cli{"", name};
  std::string until_idle;
  cli.set_version_flag("--version", name + (version.empty() ? "" : " " + version) + " (dispytch " DISPYTCH_VERSION ")");
  auto* config = cli.add_option("--config", parsed.line.config, "FILE that names backends, emitters and listeners (YAML or JSON)");
  if (parsed.line.config.empty()) config->required();
  cli.add_flag("--check", parsed.line.check, "Check the config file and the wiring, start nothing");
  if (listens) cli.add_option("--until-idle", until_idle, "End once nothing has come for this DURATION, e.g. 2s");
  for (const ExtraOption& option : extra) {
    std::visit(
        [&](auto* value) {
          if constexpr (std::is_same_v<decltype(value), bool*>) {
            cli.add_flag(option.name, *value, option.help);
          } else {
            cli.add_option(option.name, *value, option.help)->capture_default_str();
          }
        },
        option.value);
  }
  cli.footer("Exit codes: 0 done, 1 failed at run time, 2 wrong usage or config, 3 a handler still ran when the time to drain was over.");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, problem;  // it repeats the words of the command line
    parsed.exit_code = static_cast<int>(cli.exit(error, out, problem) == 0 ? ExitCode::done : ExitCode::usage);
    std::cout << text::printable(out.str(), text::Layout::lines) << std::flush;
    std::cerr << text::printable(problem.str(), text::Layout::lines);
    return parsed;
  }
  if (!until_idle.empty()) {
    parsed.line.until_idle = parse_duration(until_idle);
    if (!parsed.line.until_idle) {
      std::cerr << "--until-idle: expected a duration like 2s or 500ms, found \"" << text::printable(until_idle) << "\"\n";
      parsed.exit_code = static_cast<int>(ExitCode::usage);
    }
  }
  return parsed;
}

}  // namespace dispytch::app
