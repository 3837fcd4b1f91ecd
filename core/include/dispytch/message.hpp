// What a broker carries: bytes with a topic, a key and headers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>

namespace dispytch {

/// Wall-clock time as the wire carries it: milliseconds since 1970-01-01 UTC.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// A header of a received message. Views; valid as long as the Message.
struct Header {
  std::string_view key = {};
  std::optional<std::string_view> value = {};  ///< nullopt: the header has none, which is not an empty one
};

/// Headers with their own bytes, in the order of the wire; names may repeat. A value that is absent is told from an empty one where the
/// backend can do that, else it is sent as an empty one.
using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// A message as an application builds it, all bytes owned.
struct OutgoingMessage {
  std::string topic = {};
  std::optional<std::string> key = {};      ///< absent: no key. An empty string is a key.
  std::optional<std::string> payload = {};  ///< absent: a tombstone
  Headers headers = {};
  std::optional<std::int32_t> partition = {};
  /// Absent: the broker's own time. One before 1970 is refused (ErrorCode::invalid); 0, the first millisecond of 1970 and what a
  /// default-constructed Timestamp is, goes as the second, since for some brokers' clients 0 means now. The same for every broker.
  std::optional<Timestamp> timestamp = {};
  std::optional<std::string> id = {};  ///< the application's own, for brokers that have a place for one; an event's is its id
};

/// A received message: a view of the backend's memory, valid during the handler's call and no longer.
class Message {
 public:
  /// Internal: made by the listener from what the plugin delivered.
  Message(const dispytch_message& raw, const dispytch_consumer_api* api, dispytch_consumer* consumer) noexcept
      : raw_{&raw}, api_{api}, consumer_{consumer} {}

  std::string_view topic() const noexcept { return view(raw_->topic); }
  /// nullopt: the message has no key. An empty key is a key.
  std::optional<std::string_view> key() const noexcept { return optional_view(raw_->key); }
  /// nullopt: a tombstone.
  std::optional<std::string_view> payload() const noexcept { return optional_view(raw_->payload); }
  /// nullopt: the broker has no partitions.
  std::optional<std::int32_t> partition() const noexcept {
    return (raw_->flags & DISPYTCH_MSG_PARTITION) != 0 ? std::optional{raw_->partition} : std::nullopt;
  }
  /// nullopt: the broker has no integer positions.
  std::optional<std::int64_t> offset() const noexcept {
    return (raw_->flags & DISPYTCH_MSG_OFFSET) != 0 ? std::optional{raw_->offset} : std::nullopt;
  }
  /// The name that the broker, or its plugin, has for the message where no offset tells it from others, or beside one; nullopt: none.
  std::optional<std::string_view> id() const noexcept { return raw_->id.len == 0 ? std::nullopt : optional_view(raw_->id); }
  /// The broker's time of the message; nullopt where it keeps none, or one below 0, by which other clients say none. 0 is 1970.
  std::optional<Timestamp> timestamp() const noexcept {
    const bool has_one = (raw_->flags & DISPYTCH_MSG_TIMESTAMP) != 0 && raw_->timestamp_ms >= 0;
    return has_one ? std::optional{Timestamp{std::chrono::milliseconds{raw_->timestamp_ms}}} : std::nullopt;
  }
  /// The broker has delivered it before.
  bool redelivered() const noexcept { return (raw_->flags & DISPYTCH_MSG_REDELIVERED) != 0; }

  /// The headers in the order of the wire, names may repeat. Read from the broker's client at each call: keep the result.
  /// Throws Exception where the backend can't read them.
  std::vector<Header> headers() const;
  /// The value of the last header of that name. nullopt: there is none, or it has no value; headers() tells the two apart.
  std::optional<std::string_view> header(std::string_view name) const;

  const dispytch_message& raw() const noexcept { return *raw_; }

 private:
  static std::string_view view(dispytch_bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }
  static std::optional<std::string_view> optional_view(dispytch_bytes bytes) noexcept {
    return bytes.data == nullptr ? std::nullopt : std::optional{view(bytes)};
  }

  const dispytch_message* raw_;
  const dispytch_consumer_api* api_;
  dispytch_consumer* consumer_;
};

}  // namespace dispytch
