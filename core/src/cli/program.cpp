#include "cli/program.hpp"

#include <unistd.h>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <dispytch/result.hpp>

#include "cli/command.hpp"
#include "cli/standard_output.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

int fail(int exit_code, const std::string& text) {
  std::cerr << Colours{STDERR_FILENO}.red("dispytch:") << ' ' << printable_lines(text) << '\n';
  return exit_code;
}

// A mistake in the configuration is the caller's to mend before anything runs; its text names file, line and column already.
int fail(const Exception& exception) {
  if (exception.error().code != ErrorCode::config) return fail(kFailed, exception.what());
  const std::string text = printable_lines(exception.what());
  std::cerr << text << (text.ends_with('\n') ? "" : "\n");
  return kUsage;
}

}  // namespace

int run_program(int argc, char** argv) {
  CLI::App program{"Checks config files, emits events, follows topics, shows plugins, running applications and dead letters.", "dispytch"};
  program.set_version_flag("--version", "dispytch " DISPYTCH_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Example:\n  dispytch check config/flights.kafka.yaml\n\n`dispytch COMMAND --help` shows an example of each.\n"
      "Exit codes: 0 done, 1 failed at run time, 2 wrong usage or configuration.");
  Action action;
  add_check(program, action);
  add_emit(program, action);
  add_tail(program, action);
  add_plugins(program, action);
  add_status(program, action);
  add_skip(program, action);
  add_dlq(program, action);
  add_positions(program, action);
  add_groups(program, action);
  add_declare(program, action);
  add_completion(program, action);
  StandardOutput output;
  const auto end = [&](int exit_code) {
    std::cout.flush();
    if (output.error() == 0) return exit_code;
    return fail(kFailed, std::string{"standard output can't be written: "} + std::strerror(output.error()));
  };
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, problem;                           // it repeats the words of the command line
    const bool done = program.exit(error, out, problem) == 0;  // says what is wrong, or prints help
    std::cout << printable_lines(out.str());
    std::cerr << printable_lines(problem.str());
    return end(done ? kDone : kUsage);
  }
  try {
    return end(action());
  } catch (const UsageError& error) {
    return fail(kUsage, error.what());
  } catch (const Exception& error) {
    return fail(error);
  } catch (const std::exception& error) {
    return fail(kFailed, error.what());
  }
}

}  // namespace dispytch::cli
