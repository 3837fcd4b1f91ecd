// Plugins as loaded libraries: found, checked, never unloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

#include "border/search.hpp"

namespace dispytch::border {

/// A plugin whose table has been checked. Lives until the process ends: unloading would pull code from under static destructors and
/// thread-locals. Any thread.
class Library {
 public:
  Library(const dispytch_plugin& table, std::filesystem::path path) : table_{&table}, path_{std::move(path)} {}

  const dispytch_plugin& table() const noexcept { return *table_; }
  /// The real path of the file; empty for a table that is linked into the program.
  const std::filesystem::path& path() const noexcept { return path_; }

  std::string_view id() const noexcept { return table_->id; }
  std::string_view version() const noexcept { return table_->version; }
  std::string_view license() const noexcept { return table_->license == nullptr ? "" : table_->license; }
  std::string_view schema() const noexcept { return table_->config_schema; }    ///< JSON text
  std::uint64_t capabilities() const noexcept { return table_->capabilities; }  ///< at most these, DISPYTCH_CAN_*

 private:
  const dispytch_plugin* table_;
  std::filesystem::path path_;
};

/// Loads a plugin, or finds it loaded. `name_or_path`: with a slash the path of a file, else NAME, which means the first NAME.so in
/// search_places(); a table adopted under that name comes before. Either way the plugin's id must be the file's name. The error says in
/// whole sentences what was expected and what was found. Any thread; runs the library's constructors, with all signals blocked.
Result<const Library*> load(std::string_view name_or_path, const PluginSearch& search = {});

/// A plugin that is linked into the program, as tests do: checked as load() does, and found by load() under its id from now on.
/// Throws Exception where its table breaks the contract. Any thread.
const Library& adopt(const dispytch_plugin& table);

}  // namespace dispytch::border
