// Quoted texts of YAML that don't end where they were meant to: a quote that is missing takes all up to the next one, or the rest of the
// file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dispytch::config {

/// Returns where the value begins that follows `offset`, behind white space, comments, anchors and tags, and the marks of YAML's own
/// (`:`, `-`, `,`, `[`, `{`); the size of the text where there is none.
std::size_t find_value(std::string_view yaml, std::size_t offset);

/// Returns where the scalar `value` ends that begins at `offset`: a plain one, a quoted one, or a block of `|` or `>`.
std::size_t end_of_scalar(std::string_view yaml, std::size_t offset, std::string_view value);

/// Says what is wrong with the quoted text that begins at `offset`; nothing where there is no quote, or it ends as it should. YAML 1.2
/// (7.3) wants each line of such a text to be indented further than the mapping or list that it stands in, which yaml-cpp doesn't ask for.
/// `indent`: the spaces before the keys of that mapping; -1: there is none.
std::optional<std::string> find_quote_problem(std::string_view yaml, std::size_t offset, int indent);

}  // namespace dispytch::config
