// What the kit must know of a plugin's broker.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dispytch::conformance {

/// One way to the broker; HOST:PORT each.
struct Way {
  std::string upstream = {};
  std::string listen = {};
  std::string direct = {};  ///< empty: the broker tells its clients no address
};

/// Shell commands; empty: there is none.
struct Commands {
  std::string stop = {}, start = {}, freeze = {}, thaw = {}, list = {};
};

enum class Survives : std::uint8_t { nothing, cut, kill };

/// The keys of the kit's config file, by the same names. options.schema.json describes each, for `--help-config` and docs/conformance.md.
struct Options {
  nlohmann::json config = nlohmann::json::object();
  nlohmann::json producer = nlohmann::json::object();
  nlohmann::json consumer = nlohmann::json::object();
  std::string topic = "dispytch-conformance";  ///< in a rule's process `{job}` has been replaced
  std::string second_topic = {};
  std::string missing_topic = "dispytch-conformance-missing";
  std::string pattern = {};
  std::string bounded_topic = {};
  std::uint32_t bounded_messages = 1000;
  std::uint32_t queue_messages = 0;
  std::uint32_t capacity = 10'000;
  nlohmann::json refused_config = nullptr;  ///< null: there is none
  nlohmann::json refused_login = nullptr;   ///< null: there is none
  std::uint64_t large_bytes = 512 * 1024;
  std::uint64_t too_big_bytes = 0;
  std::chrono::milliseconds patience{10'000};
  std::chrono::milliseconds quiet{300};
  std::chrono::milliseconds slack{2000};
  std::chrono::milliseconds lease{0};
  std::chrono::milliseconds down_within{10'000};
  Survives survives = Survives::cut;
  std::vector<Way> network = {};
  Commands commands = {};

  std::string id = {};  ///< the name of the plugin's file, which its id must be; empty: any. No key

  /// The same for one job: `{job}` in topics is replaced.
  Options for_job(std::size_t job) const;
  /// Whether rules that run side by side have topics of their own.
  bool has_topics_for_jobs() const { return topic.find("{job}") != std::string::npos; }
};

/// The JSON Schema of the kit's config file.
const nlohmann::json& options_schema();

/// Reads the kit's config file (YAML; `${VAR}` as in an application's) and checks the options in it against the plugin's schema. Throws
/// std::runtime_error with all mistakes, a line each.
Options read_options(const std::filesystem::path& file, const nlohmann::json& plugin_schema);
/// The same for a text; `file` is its name in mistakes.
Options parse_options(const std::string& yaml, const std::filesystem::path& file, const nlohmann::json& plugin_schema);

}  // namespace dispytch::conformance
