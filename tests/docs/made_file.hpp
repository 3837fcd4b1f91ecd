// A program that makes a file of the project out of others, or checks that the file is what would be made.
#pragma once

#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace dispytch::docs {

/// Returns all of a file. Throws std::runtime_error.
inline std::string read(const std::string& file) {
  std::ifstream stream{file};
  if (!stream) throw std::runtime_error{file + " can't be read"};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The frame of such a program, which is called NAME [--check] ARGUMENT... FILE. `make(arguments)` returns the text of FILE, the last of
/// its arguments; `source` says whose words the text is. Returns the exit code: 1 where --check finds another text, 2 for wrong usage and
/// for what throws.
template <class Make>
int make_file(int argc, char** argv, const std::string& usage, std::size_t least, const std::string& source, Make make) {
  std::vector<std::string> arguments{argv + 1, argv + argc};
  const std::string name = usage.substr(0, usage.find(' '));
  try {
    const bool check = !arguments.empty() && arguments.front() == "--check";
    if (check) arguments.erase(arguments.begin());
    if (arguments.size() < least) throw std::runtime_error{"usage: " + usage};
    const std::string text = make(arguments);
    const std::string& file = arguments.back();
    if (!check) {
      std::ofstream{file} << text;
    } else if (read(file) != text) {
      std::cerr << file << " isn't what " << source << "; build the target `" << name.substr(name.find('_') + 1)
                << "` and commit what it wrote\n";
      return 1;
    }
    return 0;
  } catch (const std::exception& exception) {
    std::cerr << name << ": " << exception.what() << '\n';
    return 2;
  }
}

}  // namespace dispytch::docs
