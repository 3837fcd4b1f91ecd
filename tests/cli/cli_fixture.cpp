#include "cli/cli_fixture.hpp"

#include <fstream>
#include <iterator>

namespace dispytch::testing {

CliTest::CliTest() { write("flights", ""); }

std::string CliTest::write(const std::string& name, std::string_view content) const {
  std::ofstream{folder_ / name, std::ios::binary} << content;
  return folder_ / name;
}

std::string CliTest::read(const std::string& name) const {
  std::ifstream in{folder_ / name, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string CliTest::config(const std::string& backend_options) const {
  return write("config.yaml",
               "version: 1\n"
               "backends:\n"
               "  bus: { plugin: replay, config: { folder: '" +
                   folder_.path().string() + "'" + (backend_options.empty() ? "" : ", " + backend_options) +
                   " } }\n"
                   "emitters:\n"
                   "  flights: { backend: bus, timeout: 1s }\n"
                   "listeners:\n"
                   "  board: { backend: bus, group: flight-board, topics: [flights] }\n"
                   "  open: { backend: bus, group: open }\n");
}

Finished CliTest::dispytch(std::vector<std::string> arguments, std::string_view input, ProcessOptions options) const {
  return run(command(std::move(arguments)), input, with_plugins(std::move(options)));
}

std::vector<std::string> CliTest::command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), DISPYTCH_CLI);
  return arguments;
}

ProcessOptions CliTest::with_plugins(ProcessOptions options) {
  options.environment.emplace(options.environment.begin(), "DISPYTCH_PLUGIN_PATH", DISPYTCH_TEST_PLUGINS);
  return options;
}

}  // namespace dispytch::testing
