// The keys of the kit's config file, for people: made of its one list, options.schema.json.
#pragma once

#include <string>

#include "border/inspect.hpp"

namespace dispytch::conformance {

/// For `--help-config`.
std::string keys_text();
/// A table for docs/conformance.md.
std::string keys_markdown();

/// A config file to begin with: the backend's options by the plugin's schema, those that it wants first, then the kit's own keys.
std::string example_config(const border::PluginInfo& plugin);

}  // namespace dispytch::conformance
