// Makes a message of one line of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <dispytch/message.hpp>
#include <dispytch/wire.hpp>

#include "cli/json_document.hpp"

namespace dispytch::cli {

/// What is wrong with a line.
struct LineProblem {
  std::size_t column = 1;  ///< in characters, from 1
  std::string text = {};
};

/// What the lines are and what they become.
struct EventLineOptions {
  std::string topic = {};
  std::string type = {};         ///< empty: each envelope's own
  std::string key_pointer = {};  ///< JSON pointer into the body; empty: no key
  bool envelopes = false;        ///< a line is {"id","type","body","timestamp"}; else a body
  WireForm wire = {};            ///< what the topic's readers expect
};

/// Turns lines into messages, the bodies' numbers and texts as they stand. One thread; keeps its buffers from line to line.
class EventLine {
 public:
  /// Throws UsageError where the key pointer is none.
  explicit EventLine(EventLineOptions options);

  /// Fills `message` from a line. `now_ms`: for a line without a timestamp.
  std::optional<LineProblem> read(std::string_view line, std::int64_t now_ms, OutgoingMessage& message);

  /// Whether the line is an envelope of the options' type as it stands: somebody is about to wrap it twice.
  bool looks_like_envelope(std::string_view line);

 private:
  struct Parts;
  std::optional<LineProblem> open_envelope(Parts& parts) const;
  std::optional<LineProblem> read_key(const JsonDocument::Value& body, std::optional<std::string>& key) const;

  EventLineOptions options_;
  JsonDocument document_;
};

}  // namespace dispytch::cli
