#include "bench/program.hpp"

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "bench/paired.hpp"

namespace dispytch::bench {

struct Program::Arguments {
  explicit Arguments(const std::string& description) : app{description} {}
  CLI::App app;
  std::string json_file = {};
};

Program::Program(const std::string& description) : arguments_{std::make_unique<Arguments>(description)} {
  arguments_->app.add_option("--json", arguments_->json_file, "File to leave the table in as JSON, too");
}

Program::~Program() = default;

Program& Program::number(const std::string& name, std::size_t& value, std::size_t least, const std::string& meaning, std::size_t most) {
  arguments_->app.add_option(name, value, meaning)->check(CLI::Range(least, most))->capture_default_str();
  return *this;
}

int Program::main(int argc, char** argv, const std::function<int()>& run) {
  try {
    arguments_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return arguments_->app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return run();
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n", exception.what());
    return 1;
  }
}

void Program::save(const nlohmann::json& table) const {
  if (!arguments_->json_file.empty()) bench::save(table, arguments_->json_file);
}

}  // namespace dispytch::bench
