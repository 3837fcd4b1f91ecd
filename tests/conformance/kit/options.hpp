// What the kit must know of a plugin's broker.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace dispytch::conformance {

/// The keys of the kit's config file, by the same names.
struct Options {
  nlohmann::json config = nlohmann::json::object();            ///< of the backend, as under `config` in an application's config file
  nlohmann::json producer = nlohmann::json::object();          ///< the `config` of an emitter
  nlohmann::json consumer = nlohmann::json::object();          ///< the `config` of a listener
  std::string topic = "dispytch-conformance";                  ///< exists; with at least two partitions where the broker has partitions
  std::string missing_topic = "dispytch-conformance-missing";  ///< doesn't exist; empty: every topic does
  std::string pattern = {};                                    ///< matches `topic`; empty: none is tried
  std::string bounded_topic = {};                              ///< exists, and is full after at most `bounded_messages` messages
  std::uint32_t bounded_messages = 1000;
  std::uint32_t capacity = 10'000;             ///< how many unsettled messages the broker holds at least
  nlohmann::json refused_config = nullptr;     ///< fits the schema, and is refused all the same; null: there is none
  std::uint64_t large_bytes = 512 * 1024;      ///< a message that must pass
  std::uint64_t too_big_bytes = 0;             ///< a message that must be refused; 0: there is no such size
  std::chrono::milliseconds patience{10'000};  ///< how long the broker may take for anything
  std::chrono::milliseconds quiet{300};        ///< how long nothing must come before the kit believes that nothing comes
  std::string id = {};                         ///< the name of the plugin's file, which its id must be; empty: any
};

/// Reads the kit's config file (YAML; `${VAR}` as in an application's) and checks the options in it against the plugin's schema. Throws
/// std::runtime_error with all mistakes, a line each.
Options read_options(const std::filesystem::path& file, const nlohmann::json& plugin_schema);
/// The same for a text; `file` is its name in mistakes.
Options parse_options(const std::string& yaml, const std::filesystem::path& file, const nlohmann::json& plugin_schema);

}  // namespace dispytch::conformance
