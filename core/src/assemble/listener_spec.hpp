// What a listener is to be, whoever says so: an application by its config file, code, or a test.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/backend.hpp>
#include <dispytch/policy.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "border/document.hpp"
#include "emit/emitter_core.hpp"
#include "listen/dead_letters.hpp"
#include "listen/executor.hpp"
#include "listen/failure.hpp"
#include "route/router.hpp"

namespace dispytch::assemble {

/// Where a listener sends what it can't handle.
struct DeadLetterSpec {
  std::string topic = {};     ///< with {topic}, {listener} and {group} to be filled in
  bool same_backend = false;  ///< they go through the backend that the listener reads: it must not read their topic
};

/// What a listener's handlers emit through, and its dead letters. Null: nothing.
struct ListenerEmitters {
  std::shared_ptr<detail::EmitterCore> own = {};
  std::shared_ptr<detail::EmitterCore> dead_letters = {};
};

/// One struct for all listeners; what it lacks no listener can be told.
struct ListenerSpec {
  std::string name = {};
  std::string group = {};                                    ///< empty where the backend has none
  std::vector<border::ConsumerDocument::Topic> topics = {};  ///< empty: those of the handlers
  Start start = Start::earliest;                             ///< where a group without a position begins
  std::string instance = {};                                 ///< by which its group knows it again; empty: by nothing
  route::Router::Wires wire = {};
  bool at_most_once = false;  ///< a backend that can't acknowledge will do
  DeliveryOptions delivery = {};
  std::optional<DeadLetterSpec> dead_letters = {};
  std::chrono::milliseconds drain{25'000};           ///< how long the end waits for handlers and the broker
  nlohmann::json config = nlohmann::json::object();  ///< options of the plugin for this consumer
  std::string skip_command = {};                     ///< lets a held message go, to be followed by its place; empty: nothing does
  std::string place = {};                            ///< where it stands in a file, before each of its mistakes; empty: in none
  ListenerEmitters emitters = {};                    ///< open by the time at which the listener is opened; with dead letters: both
};

/// What a test puts in place of the machine and the process.
struct Replacements {
  const Clock* clock = &system_clock();
  Random* random = nullptr;  ///< null: the thread's own
  /// Waits between two tries to reach the broker; empty: on the machine's clock, until the token asks to stop.
  std::function<void(std::chrono::milliseconds pause, const std::stop_token& stop)> wait = {};
  /// Makes what runs handlers, so many at a time; null from it: the thread that steps. Empty: threads, where it is more than one.
  std::function<std::unique_ptr<listen::Executor>(std::uint32_t concurrency)> executor = {};
  /// Puts something around the dead letters; empty: nothing.
  std::function<std::unique_ptr<listen::DeadLetters>(std::unique_ptr<listen::DeadLetters>)> dead_letters = {};
  std::function<void(const listen::Failure&)> failed = {};  ///< told of each message that is given up; may be empty
  bool quiet = false;                                       ///< assignments and the end are logged as debug
};

}  // namespace dispytch::assemble
