// The frame of a benchmark's program: what it is told, where its table goes, how it ends.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace dispytch::bench {

class Program {
 public:
  explicit Program(const std::string& description);
  ~Program();

  /// A number between `least` and `most`, which is `value` where nobody says otherwise. `value` must outlive main().
  Program& number(const std::string& name, std::size_t& value, std::size_t least, const std::string& meaning,
                  std::size_t most = 1'000'000'000);

  /// Of main(): parses, then runs. Returns what `run` does; 1 where it throws, and 2 for arguments that are none, with a reason on standard
  /// error.
  int main(int argc, char** argv, const std::function<int()>& run);

  /// Writes the table, where somebody asked for that.
  void save(const nlohmann::json& table) const;

 private:
  struct Arguments;
  std::unique_ptr<Arguments> arguments_;
};

}  // namespace dispytch::bench
