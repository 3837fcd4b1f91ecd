// The way from a config file to typed structs: read, parse, interpolate, validate, cross-check, build. All mistakes in one run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <dispytch/result.hpp>

#include "config/config.hpp"

namespace dispytch::config {

/// What the pipeline must know of a plugin; read from it without opening it.
struct PluginInfo {
  std::string id = {};
  nlohmann::json schema = {};      ///< JSON Schema draft-07 with $defs backend, producer, consumer, topic
  std::uint64_t capabilities = 0;  ///< DISPYTCH_CAN_...: the most it can do
};

enum class Section : std::uint8_t { backends, emitters, listeners };

/// Options that fit their plugin's schema, for the plugin itself to judge.
struct Candidate {
  Section section = Section::backends;
  std::string_view plugin = {};                            ///< what stands behind `plugin:`
  const std::vector<std::filesystem::path>& plugin_paths;  ///< as for LoadOptions::plugin
  const nlohmann::json& backend;                           ///< the `config` of the backend, normalised
  const nlohmann::json& entry;                             ///< of a backend, an emitter or a listener, its `config` normalised
};

struct LoadOptions {
  /// Finds a plugin by what stands behind `plugin:`, in `paths` (the file's plugins.paths, absolute) and where plugins are searched anyhow.
  /// Its error's text becomes a problem at that place. Called once for each distinct plugin. Empty: what plugins would judge is left
  /// unjudged.
  std::function<Result<PluginInfo>(std::string_view plugin, const std::vector<std::filesystem::path>& paths)> plugin = {};
  /// Says what the plugin refuses of options that its schema leaves open, such as those of a broker's client. An error of
  /// ErrorCode::config becomes a problem at the option that its text begins with, and the rest is judged again without that option, so
  /// that all are told in one run, but for a fatal one, which is the last. Other errors are no matter of the file. Empty: only schemas
  /// judge.
  std::function<std::optional<Error>(const Candidate&)> judge = {};
  /// The schema of the application's own section, from settings_schema(). Empty: the section is left unjudged.
  std::optional<nlohmann::json> application = {};
  /// The value of an environment variable. By default that of the process.
  std::function<std::optional<std::string>(const std::string& name)> environment = {};
  /// The content of a file that `${file:...}` names. By default that of the disk.
  std::function<Result<std::string>(const std::filesystem::path& file)> file = {};
};

using Problems = std::vector<Problem>;  ///< sorted by position, never empty
using Loaded = tl::expected<Config, Problems>;

/// Reads and checks a config file (`.json`: JSON, anything else: YAML). Blocks on the disk and on the plugin lookup.
Loaded load(const std::filesystem::path& file, const LoadOptions& options);

/// The same for a text; `file` gives the name for problems, the syntax by its ending, and the folder that relative paths begin at.
Loaded load_text(std::string_view text, const std::filesystem::path& file, const LoadOptions& options);

/// As load(); throws Exception (ErrorCode::config, the text of report()) where there are problems.
Config load_or_throw(const std::filesystem::path& file, const LoadOptions& options);

/// One line a problem, then `3 errors`; each line ended by a newline.
std::string report(const Problems& problems);

/// Turns a plugin's refusal of its options into a problem of the file. Its text begins with a JSON pointer into the document that
/// opened it: `/config/acks: expected ...`; of another text the whole `config` is the place.
Problem plugin_problem(const Config& config, Section section, std::string_view name, const Error& error);

/// A text with `***` for each secret of the config that it quotes: for what plugins and broker clients say of their options.
std::string scrub(const Config& config, std::string text);

/// The config as JSON, defaults filled in and secrets redacted, for people and for `--json`.
nlohmann::json describe(const Config& config);

}  // namespace dispytch::config
