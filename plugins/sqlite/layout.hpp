// The tables of the file, and their version.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "database.hpp"

namespace dispytch::sqlite {

inline constexpr std::int64_t kApplicationId = 0x44535031;  ///< "DSP1", by which `file` and others tell whose the file is
inline constexpr std::int64_t kLayoutVersion = 1;

/// A message's row: its partition's number in the file above, its offset below.
inline constexpr int kOffsetBits = 40;
inline constexpr std::int64_t kMaxOffset = (std::int64_t{1} << kOffsetBits) - 1;
constexpr std::int64_t row_of(std::int64_t partition, std::int64_t offset) noexcept { return partition << kOffsetBits | offset; }
constexpr std::int64_t offset_of_row(std::int64_t row) noexcept { return row & kMaxOffset; }

/// Makes the tables where the file is empty, else sees that they are this plugin's and of a version that it knows. Throws Failure, or
/// plugin::Exception with a sentence that names the file.
void ensure_layout(Database& database, const std::string& path, std::chrono::milliseconds patience);

}  // namespace dispytch::sqlite
