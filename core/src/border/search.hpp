// Where a plugin's file is.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include <dispytch/result.hpp>

namespace dispytch::border {

/// Where plugins are looked for besides the places that every program has.
struct PluginSearch {
  std::vector<std::filesystem::path> config_paths = {};  ///< the config file's plugins.paths
};

/// The folders that are looked into, in order: the config's; DISPYTCH_PLUGIN_PATH (colons between; ignored in a privileged process);
/// ../plugins and ../<libdir>/dispytch beside the executable; the folder that plugins are installed to. Any thread.
std::vector<std::filesystem::path> search_places(const PluginSearch& search);

/// The file of a plugin: `name_or_path` itself where it has a slash, else the first NAME.so in search_places(). The error names the
/// places, and the plugins that are there. Any thread.
Result<std::filesystem::path> find_plugin(std::string_view name_or_path, const PluginSearch& search);

/// Every NAME.so in search_places(), in their order; of several with one name the first.
std::vector<std::filesystem::path> find_all_plugins(const PluginSearch& search);

}  // namespace dispytch::border
