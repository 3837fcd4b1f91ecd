// What is said of messages that can't be handled, or have waited for long.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <dispytch/result.hpp>

namespace dispytch::listen {

/// Why a listener stopped by itself, or what it holds: a handler failed, or the message is no such event.
struct Failure {
  ErrorCode code = ErrorCode::handler;  ///< handler or decode
  bool unhandled = false;               ///< no handler wants events of its type, or takes a message without payload
  std::string topic = {};
  std::string position = {};  ///< "partition 2, offset 1234, id a-1", as far as the broker has such
  std::string key = {};       ///< cut where it is long
  std::string handler = {};
  std::string reason = {};
  std::string payload = {};  ///< cut where it is long
};
/// All of it, for a listener that stops.
std::string to_string(const Failure& failure);
/// "handler `store` failed", without the place.
std::string what(const Failure& failure);
/// " on topic `orders`, partition 2, offset 1234, key \"k\"".
std::string where(const Failure& failure);

/// A message that has been unfinished for long, and what it waits for.
struct Unfinished {
  std::string topic = {};
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::string id = {};  ///< empty: the broker has none
  std::string key = {};
  std::string handler = {};
  std::string waits_for = {};  ///< "a worker", "its handler", "its next attempt", "a person: it is held", ...
  std::string reason = {};     ///< of the last failure
  std::uint32_t attempts = 0;
  bool held = false;            ///< it waits for a person
  bool letter_refused = false;  ///< its dead letter can't be stored, and that does not pass by itself
  std::chrono::milliseconds age{};
};

/// "partition 2, offset 1234, id a-1", as far as the broker has such; a number below 0, and an empty id: it hasn't.
std::string position(std::int32_t partition, std::int64_t offset, std::string_view id = {});
/// "topic `orders`, partition 2, offset 1234, key \"k\"", without what is empty.
std::string place(std::string_view topic, std::string_view at, std::string_view key = {});

/// The beginning of what may be too long to be shown, and its size in bytes.
std::string cut(std::string_view text, std::size_t most);

}  // namespace dispytch::listen
