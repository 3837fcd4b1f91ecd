// The format string of `dispytch tail`: text with placeholders.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/received.hpp"

namespace dispytch::cli {

/// A format such as `{type} {key} {body.delay_minutes}`, checked when it is made. Immutable.
///
/// Placeholders: topic, partition, offset, timestamp (RFC 3339, UTC), key, header.NAME, headers, payload, id, type, body, body.PATH.
/// What a message doesn't have is written as `-`, what it has several times with commas between. `{{` and `}}` are braces; \t, \n and
/// \\ stand for what they do in C.
class MessageFormat {
 public:
  /// Throws UsageError, which names the placeholders there are.
  explicit MessageFormat(std::string_view format);

  /// Appends the message's text, without a line end; control and invisible characters of the message escaped (terminal.hpp, printable()).
  void write(const Received& message, std::string& out) const;

 private:
  enum class Field : std::uint8_t { text, topic, partition, offset, timestamp, key, header, headers, payload, id, type, body };
  struct Part {
    Field field = Field::text;
    std::string text = {};               // of text, and the name of a header
    std::vector<std::string> path = {};  // into the body; empty: all of it
  };
  static Part placeholder(std::string_view name);
  static std::string value(const Part& part, const Received& message);

  std::vector<Part> parts_;
};

}  // namespace dispytch::cli
