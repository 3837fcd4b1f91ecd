// A received message as `dispytch tail` shows it, whatever its bytes are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <dispytch/message.hpp>
#include <dispytch/wire.hpp>

namespace dispytch::cli {

/// Opens a message's payload as an event when first asked, as far as it is one. Views `message` and `wire`; one thread.
class Received {
 public:
  using Json = nlohmann::ordered_json;  // the fields in the order of the wire

  Received(const Message& message, const WireForm& wire) noexcept : message_{message}, wire_{wire} {}

  const Message& message() const noexcept { return message_; }

  /// The event's id and type; nullopt where the wire form has none or the payload is no such event.
  std::optional<std::string> id() const;
  std::optional<std::string> type() const;
  /// The event's body: of an envelope its `body`, of a flat event the payload. Null where the payload is no such event.
  const Json* body() const;

 private:
  const Json* document() const;  // the payload, where it is JSON
  std::optional<std::string> text_field(const std::string& name) const;

  const Message& message_;
  const WireForm& wire_;
  mutable std::optional<Json> document_ = {};  // discarded: no JSON
};

/// The time in RFC 3339, UTC, with milliseconds unless there are none; a time of which that can't be written, as unix milliseconds.
std::string to_rfc3339(Timestamp time);

/// The message as one JSON object: topic, partition, offset, timestamp, key, headers as pairs in the order of the wire, id, type, body;
/// where the payload is no such event, `payload` in place of the body. Bytes that aren't UTF-8 stand as {"base64": "..."}.
Received::Json to_json(const Received& message);

}  // namespace dispytch::cli
