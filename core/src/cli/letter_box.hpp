// Where a listener's dead letters lie, as its config file says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "border/document.hpp"
#include "cli/letter.hpp"
#include "config/config.hpp"

namespace CLI {
class App;
}

namespace dispytch::cli {

/// The options that all of `dispytch dlq` have.
struct BoxOptions {
  std::string config = {};
  std::string listener = {};
  std::vector<std::string> topics = {};  ///< that the listener reads
};
/// Adds them. `options` outlives the parsing.
void add_box_options(CLI::App& command, BoxOptions& options);

/// Views the config.
class LetterBox {
 public:
  /// Throws UsageError: no such listener, it has no dead letters, or its topics are known to the application alone.
  LetterBox(const config::Config& config, const BoxOptions& options);

  const config::ListenerConfig& listener() const noexcept { return *listener_; }
  const config::EmitterConfig& emitter() const noexcept { return *emitter_; }  ///< of dead letters
  const std::string& backend() const noexcept { return emitter_->backend; }    ///< where they lie

  /// What opens a consumer of all dead-letter topics, from the oldest on.
  border::ConsumerDocument document(std::string group) const;
  /// The group in which replays keep their progress; empty where the listener has no group.
  std::string replay_group() const { return listener_->group.empty() ? "" : listener_->group + ".dlq"; }

  /// Whether the listener reads that topic.
  bool reads(std::string_view original_topic) const;
  /// Whether that is a topic of dead letters.
  bool holds(std::string_view topic) const;
  /// The names of the dead-letter topics. Throws UsageError where they are known by a pattern only.
  std::vector<std::string> topics() const;
  /// Returns the same for people, patterns too: "orders.dlq, {region}.dlq".
  std::string list_topics() const;
  /// The topic of a letter's place. Throws UsageError where the place doesn't say it and there are several, and where it is none of them.
  std::string topic_of(const LetterPlace& place) const;

  /// The message with what its headers say.
  Letter read(const Message& message) const;

 private:
  const config::Config& config_;
  const config::ListenerConfig* listener_ = nullptr;
  const config::EmitterConfig* emitter_ = nullptr;
  std::vector<std::string> originals_ = {};  // names and patterns
  std::vector<std::string> boxes_ = {};      // the same, of dead-letter topics, each once
};

}  // namespace dispytch::cli
