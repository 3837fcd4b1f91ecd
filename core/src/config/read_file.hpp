// A file as a string, bounded.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <dispytch/result.hpp>

namespace dispytch::config {

inline constexpr std::size_t kLargestFile = std::size_t{4} << 20;  ///< bytes; beyond it something else than a config file was named

/// Reads it to its end. Blocks on the disk, or on a pipe's writer. The error's text says what is wrong without naming the file.
Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace dispytch::config
