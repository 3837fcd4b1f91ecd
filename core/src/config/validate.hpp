// Whether a tree fits the schemas: core's for the whole, each plugin's for its own options.
#pragma once

#include <map>
#include <string>

#include "config/problem_list.hpp"
#include "config/tree.hpp"

namespace dispytch::config {

/// The plugins that the tree names and that could be found, by the names of the backends.
using BackendPlugins = std::map<std::string, PluginInfo>;

/// Checks the tree, writes durations and sizes as integers into it, and notes its secrets.
BackendPlugins validate(Tree& tree, const std::filesystem::path& folder, const LoadOptions& options, ProblemList& problems);

/// Checks what no schema can say: that names lead somewhere, and that plugins can do what is asked of them.
void cross_check(const Tree& tree, const std::filesystem::path& folder, const BackendPlugins& plugins, ProblemList& problems);

/// Makes structs of a tree without problems.
Config build(Tree tree, const std::filesystem::path& file, Positions positions);

/// A path of the file; a relative one begins at the file's folder.
std::filesystem::path absolute(const std::filesystem::path& folder, const std::string& path);

/// The plugins.paths of a tree, absolute; those that are no strings are left out.
std::vector<std::filesystem::path> plugin_paths(const nlohmann::json& root, const std::filesystem::path& folder);

}  // namespace dispytch::config
