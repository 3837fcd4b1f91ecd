// ${VAR}, ${VAR:-default} and ${file:/path} inside a value.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/result.hpp>

namespace dispytch::config {

/// Where the texts that are put in come from.
struct Sources {
  std::function<std::optional<std::string>(const std::string& name)> environment = {};
  std::function<Result<std::string>(const std::filesystem::path& file)> file = {};
  std::filesystem::path folder = {};  ///< where relative paths of ${file:...} begin
};

struct Interpolated {
  std::string text = {};
  bool changed = false;                    ///< something was put in
  bool secret = false;                     ///< it came from a file, or from a variable whose name sounds secret
  std::vector<std::string> problems = {};  ///< not empty: `text` is of no use
};

/// Puts in what is asked for. `$$` is a `$`; any other `$` without `{` stands for itself. What was put in isn't looked at again. `:-` takes
/// its default for a variable that is unset or empty. Of a file one newline at its end is cut.
Interpolated interpolate(std::string_view text, const Sources& sources);

}  // namespace dispytch::config
