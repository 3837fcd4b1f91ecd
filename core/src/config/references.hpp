// How the entries of a config file use each other by name, and how texts speak of that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/problem_list.hpp"
#include "config/tree.hpp"
#include "config/validate.hpp"

namespace dispytch::config {

class References {
 public:
  /// Keeps references to all three.
  References(const Tree& tree, const BackendPlugins& plugins, ProblemList& problems)
      : tree_{tree}, plugins_{plugins}, problems_{problems} {}

  /// What stands in `/backends` or `/emitters` under the name that `user` has at `key`. Reports a name that leads nowhere. Null where
  /// there is nothing more to check: no such key, or a value with a problem.
  const nlohmann::json* follow(const nlohmann::json& user, const std::string& pointer, const char* key, const std::string& section);

  /// The plugin of an emitter or listener, by its `backend`. Null where that leads nowhere or to a plugin that wasn't found; says nothing.
  const PluginInfo* plugin_of(const nlohmann::json& user) const;

  /// A name, or another text, in a sentence: in backticks, without what could break the line. Of one that something was put into, what
  /// the file has.
  std::string named(const nlohmann::json& text, const std::string& pointer) const;

  /// "backend `bus`", of an emitter or listener that plugin_of() found one for.
  std::string backend_of(const nlohmann::json& user, const std::string& pointer) const;

  /// A text in the place of a value: `text`, or, of a value that something was put into, what the file has.
  std::string shown(const std::string& text, const std::string& pointer) const;

 private:
  std::string those_there_are(const std::string& section) const;
  const Tree& tree_;
  const BackendPlugins& plugins_;
  ProblemList& problems_;
};

inline bool can(const PluginInfo& plugin, std::uint64_t capability) { return (plugin.capabilities & capability) != 0; }

}  // namespace dispytch::config
