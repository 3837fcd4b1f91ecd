// Looks at the start whether the topics are there that a listener's dead letters go to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "border/document.hpp"
#include "emit/emitter_core.hpp"

namespace dispytch::assemble {

/// What a listener reads, and where its dead letters go.
struct DeadLetterRoute {
  std::string listener = {};
  std::string group = {};
  std::string topic_template = {};
  std::vector<border::ConsumerDocument::Topic> from = {};
};

/// Returns the topics of the letters that are known by name before any message has come, each once.
std::vector<std::string> dead_letter_topics(const DeadLetterRoute& route);

/// Warns of each that the backend of `emitter` says it doesn't have, unless the first letter would create it. Asks the backend, where it
/// can be asked: blocks for a few seconds at most, and says nothing where there is no answer.
void warn_of_missing_dead_letter_topics(const DeadLetterRoute& route, const detail::EmitterCore& emitter);

}  // namespace dispytch::assemble
