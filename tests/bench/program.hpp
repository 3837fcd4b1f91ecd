// The frame of a benchmark's program: what it is told, where its table goes, how it ends.
#pragma once

#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/paired.hpp"

namespace dispytch::bench {

class Program {
 public:
  explicit Program(const std::string& description) : arguments_{description} {
    arguments_.add_option("--json", json_file_, "File to leave the table in as JSON, too");
  }

  /// A number between `least` and `most`, which is `value` where nobody says otherwise. `value` must outlive main().
  Program& number(const std::string& name, std::size_t& value, std::size_t least, const std::string& meaning,
                  std::size_t most = 1'000'000'000) {
    arguments_.add_option(name, value, meaning)->check(CLI::Range(least, most))->capture_default_str();
    return *this;
  }

  /// Of main(): parses, then runs. Returns what `run` does; 1 where it throws, and 2 for arguments that are none, with a reason on standard
  /// error.
  int main(int argc, char** argv, const std::function<int()>& run) {
    try {
      arguments_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return arguments_.exit(error) == 0 ? 0 : 2;
    }
    try {
      return run();
    } catch (const std::exception& exception) {
      std::fprintf(stderr, "%s\n", exception.what());
      return 1;
    }
  }

  /// Writes the table, where somebody asked for that.
  void save(const nlohmann::json& table) const {
    if (!json_file_.empty()) bench::save(table, json_file_);
  }

 private:
  CLI::App arguments_;
  std::string json_file_;
};

}  // namespace dispytch::bench
