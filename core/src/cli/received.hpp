// A received message as `dispytch tail` shows it, whatever its bytes are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/message.hpp>
#include <dispytch/wire.hpp>

#include "cli/json_document.hpp"

namespace dispytch::cli {

/// Opens a message's payload as an event when first asked, as far as it is one. Views `message` and `wire`; one thread.
class Received {
 public:
  Received(const Message& message, const WireForm& wire) noexcept : message_{message}, wire_{wire} {}

  const Message& message() const noexcept { return message_; }

  /// The event's id and type; nullopt where the wire form has none or the payload is no such event.
  std::optional<std::string> id() const;
  std::optional<std::string> type() const;
  /// The event's body: of an envelope its `body`, of a flat event the payload. Null where the payload is no such event, as one whose
  /// envelope has a field twice.
  const JsonDocument::Value* body() const;
  /// Returns what stands at a path in the body, a name in an object or a number in an array at each step; several where a name stands there
  /// several times.
  std::vector<const JsonDocument::Value*> in_body(const std::vector<std::string>& path) const;

 private:
  const JsonDocument* document() const;  // null: the payload is no JSON
  std::optional<std::string> text_field(const std::string& name) const;

  const Message& message_;
  const WireForm& wire_;
  mutable JsonDocument document_ = {};
  mutable std::optional<bool> is_json_ = {};  // nullopt: nobody asked yet
};

/// The time in RFC 3339, UTC, with milliseconds unless there are none; a time of which that can't be written, as unix milliseconds.
std::string to_rfc3339(Timestamp time);

/// The message as one JSON object in a line: topic, partition, offset, timestamp, key, headers as pairs in the order of the wire, id, type,
/// body; where the payload is no such event, `payload` in place of the body. Bytes that aren't UTF-8 stand as {"base64": "..."}. The body's
/// numbers and keys are as they were written.
std::string to_json(const Received& message);

}  // namespace dispytch::cli
