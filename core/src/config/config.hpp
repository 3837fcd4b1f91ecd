// The config file as typed structs: what the pipeline of load.hpp makes of a YAML or JSON file.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/backend.hpp>
#include <dispytch/policy.hpp>
#include <dispytch/wire.hpp>

#include "base/log.hpp"
#include "policy/delivery_options.hpp"

namespace dispytch::config {

/// Where a value stands in the file; both from 1. 0: not in the file (a default).
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

/// The places of all keys and values of a file, by JSON pointer: `/backends/bus/config/acks`.
class Positions {
 public:
  struct Place {
    Position key = {};  ///< of a list's item: the value's
    Position value = {};
  };
  void set(std::string pointer, Place place) { places_.insert_or_assign(std::move(pointer), place); }
  /// The place of a value or of its key, or of the nearest thing around it that stands in the file.
  Position value(std::string_view pointer) const { return nearest(pointer).value; }
  Position key(std::string_view pointer) const { return nearest(pointer).key; }

 private:
  Place nearest(std::string_view pointer) const;
  std::map<std::string, Place, std::less<>> places_ = {};
};

/// A mistake in a config file. Printed as `file:line:column: path: text`.
struct Problem {
  std::string file = {};
  Position position = {};
  std::string path = {};  ///< dotted, as a person writes it: `listeners.board.retry.attempts`
  std::string text = {};  ///< what, what was expected, did you mean
};
std::string to_string(const Problem& problem);

struct TopicConfig {
  std::string name = {};     ///< exactly one of name and pattern is given
  std::string pattern = {};  ///< `user.{id}.note`, a part in braces for any one part; or `^...`, the backend's own expression
  nlohmann::json config = nlohmann::json::object();  ///< the plugin's own options for the topic, normalised
};

struct BackendConfig {
  std::string name = {};
  std::string plugin = {};                           ///< `kafka`, or an absolute path
  nlohmann::json config = nlohmann::json::object();  ///< validated against the plugin's schema and normalised
  WireForm wire = {};
  std::map<std::string, WireForm> topic_wire = {};  ///< backends.<name>.topics.<topic>.wire, by name or pattern
};

struct EmitterConfig {
  std::string name = {};
  std::string backend = {};
  std::chrono::milliseconds timeout{30'000};  ///< until a message that isn't confirmed fails
  nlohmann::json config = nlohmann::json::object();
};

struct ListenerConfig {
  std::string name = {};
  std::string backend = {};
  std::string group = {};                   ///< empty where the backend has no groups
  std::string instance = {};                ///< the member's name in its group; empty: each start is a new member
  std::vector<TopicConfig> topics = {};     ///< empty: those of the handlers
  Start start = Start::earliest;            ///< where a group without a position begins
  bool at_most_once = false;                ///< `delivery: at_most_once`, for backends that can't do better
  std::chrono::milliseconds drain{25'000};  ///< how long a shutdown waits for handlers and the broker
  policy::DeliveryOptions handling = {};    ///< ordering, concurrency, limits, and the policies that handlers don't say themselves
  std::string emitter = {};                 ///< for Context::emit; empty: the only one there is
  std::string dead_letter_emitter = {};     ///< empty: no dead letters
  std::string dead_letter_topic = {};       ///< with {topic}, {listener} and {group} to be filled in
  nlohmann::json config = nlohmann::json::object();
};

struct LoggingConfig {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
};

struct Config {
  std::filesystem::path file = {};
  LoggingConfig logging = {};
  std::string http_address = {};              ///< HOST:PORT for probes and metrics; empty: none
  std::filesystem::path control_socket = {};  ///< where `dispytch status` and `skip` reach the application; empty: nowhere
  std::vector<std::filesystem::path> plugin_paths = {};
  std::map<std::string, BackendConfig> backends = {};
  std::map<std::string, EmitterConfig> emitters = {};
  std::map<std::string, ListenerConfig> listeners = {};
  nlohmann::json application = nlohmann::json::object();  ///< the application's own section, normalised
  Positions positions = {};
  std::set<std::string> secrets = {};  ///< JSON pointers into the file of all values that must not be shown
};

}  // namespace dispytch::config
