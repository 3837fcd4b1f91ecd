// Rows of words in columns.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace dispytch::cli {

/// Writes the rows with columns as wide as their widest cell; the last is as it is. All rows have as many cells as the first; there is one.
void write_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");

}  // namespace dispytch::cli
