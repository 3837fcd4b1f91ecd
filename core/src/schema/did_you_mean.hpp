// The nearest of the words that would have been right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispytch::schema {

/// The candidate that `word` is most likely a slip of, by edit distance (insert, delete, change, swap of neighbours; upper and lower case
/// and
/// `_`, `-`, `.` are alike). nullopt where none is near: more than a third of its letters would have to change.
std::optional<std::string> did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dispytch::schema
