// The JSON codec: events to payloads and back, by type tables. docs/write-a-handler.md states its answers to odd input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dispytch/detail/type_table.hpp>
#include <dispytch/result.hpp>
#include <dispytch/wire.hpp>

namespace dispytch::codec {

using detail::EventType;

/// What stands beside the body in an envelope. Views; the owner is said where one is handed out.
struct EventMeta {
  static constexpr std::int64_t kNoTimestamp = std::numeric_limits<std::int64_t>::min();

  std::string_view id = {};  ///< empty: the wire form has none
  std::string_view type = {};
  std::int64_t timestamp_ms = kNoTimestamp;  ///< unix
};

/// Why a payload is not the event it should be.
struct DecodeError {
  std::string event = {};     ///< the event's C++ name; empty where the type was not known yet
  std::string pointer = {};   ///< JSON pointer from the payload's root; empty: the payload itself
  std::string expected = {};  ///< "an integer from -128 to 127"
  std::string found = {};     ///< "the string \"five\"", cut where it is long
  std::size_t offset = 0;     ///< byte of the payload
};

/// "FlightDeparted: at /body/flight (byte 52): expected an integer from ... to ..., found the string "five"."
std::string to_string(const DecodeError& error);

// ---- writing; all of it: any thread, never blocks ----

/// Appends the event to `out`; nothing on failure. Fails (ErrorCode::invalid) on a NaN or infinity, a string that is no UTF-8, an
/// enumeration's value without a name, nesting beyond 64 levels, and a body that contradicts the wire form's type.
/// A header that carries the type (TypeFrom::header) is the caller's to add.
Result<void> encode(const EventType& event, const void* body, const EventMeta& meta, const WireForm& form, std::string& out);

/// As encode(), of a body given as JSON text, which is checked and written without its white space.
Result<void> encode_dynamic(std::string_view body_json, const EventMeta& meta, const WireForm& form, std::string& out);

/// Appends the key: a string's bytes, an integer in decimal, an enumeration's name. false: the event has no key, because it names no
/// partition_by or because an optional on the way is empty. An empty string is a key.
bool write_key(const EventType& event, const void* body, std::string& out);

/// Appends the topic, its placeholders filled in. Fails (ErrorCode::invalid) where a value is empty or has a character that brokers
/// give a meaning to in topics. For an event without placeholders, EventType::topic is the topic.
Result<void> write_topic(const EventType& event, const void* body, std::string& out);

// ---- reading ----

/// The event's type, by a scan that stops there; looks at no more of the payload. nullopt: the scan can't tell (no such field, it is no
/// string, or it is written with escapes; the type is in a header or nowhere), and Decoder::open knows. Any thread.
std::optional<std::string_view> scan_type(std::string_view payload, const WireForm& form);

/// Reads payloads: one parse serves routing and decoding. One for each thread; keeps its buffers from one payload to the next.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// Takes a copy of the payload and finds its type. `header_type` is used where the form says TypeFrom::header.
  /// false: it is no JSON object, or its type is missing; `error` says so.
  bool open(std::string_view payload, const WireForm& form, std::string_view header_type, DecodeError& error);

  /// The type that open() found, empty for a form that has none. Valid until the next open().
  std::string_view type() const noexcept;

  /// Reads the body into a freshly made T. May be called again after one open(), for another handler. `meta` null: nobody asked;
  /// its views are valid until the next open(). false: `error` says why, and the body is in no defined state.
  bool decode(const EventType& event, void* body, EventMeta* meta, DecodeError& error);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dispytch::codec
