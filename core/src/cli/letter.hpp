// A message of a dead-letter topic, read for what its headers say of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <dispytch/message.hpp>
#include <dispytch/wire.hpp>

namespace dispytch::cli {

/// Everything owned; a header that isn't there, or isn't the number that it should be, is nullopt.
struct Letter {
  std::string topic = {};  ///< where it lies: the dead-letter topic
  std::int32_t partition = -1;
  std::int64_t offset = -1;                  ///< -1: it has none
  std::optional<std::string> id = {};        ///< the broker's own name for it, where it has one
  std::optional<std::int64_t> when_ms = {};  ///< of the last attempt; else the broker's time of the letter

  std::optional<std::string> reason = {};
  std::optional<std::string> exception = {};
  std::optional<std::string> handler = {};
  std::optional<std::string> listener = {};
  std::optional<std::string> group = {};
  std::optional<std::string> original_topic = {};
  std::optional<std::int64_t> original_partition = {};
  std::optional<std::int64_t> original_offset = {};
  std::optional<std::string> original_id = {};
  std::optional<std::int64_t> attempts = {};
  std::optional<std::int64_t> original_ms = {};  ///< the time of the message that it was
  std::optional<std::string> left_out = {};      ///< headers for which there was no room
  std::optional<std::string> key = {};
  std::optional<std::string> type = {};       ///< of the event, where the payload is one
  std::uint64_t replays = 0;                  ///< so far
  std::optional<std::string> bad_count = {};  ///< what stands in the header dispytch-replays instead of a number

  /// Whether it is a dead letter at all: somebody else may write to the topic, too.
  bool is_one() const noexcept { return original_topic.has_value() && reason.has_value(); }
  /// "orders.dlq/0:12": as `show` and `purge` take it. "orders.dlq/id:1700-5" where there is no offset, as `show` takes it.
  std::string place() const;
};

/// `wire`: of the events of the original topic.
Letter read_letter(const Message& message, const WireForm& wire);

/// Where a letter lies, as a person says it: "0:12", "orders.dlq/0:12", "id:1700-5", "orders.dlq/id:1700-5".
struct LetterPlace {
  std::string topic = {};  ///< empty: the only one there is
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> id = {};  ///< then partition and offset mean nothing

  bool is_of(const Letter& letter) const {
    return letter.topic == topic && (id ? letter.id == id : letter.partition == partition && letter.offset == offset);
  }
};
std::string to_string(const LetterPlace& place);
/// Throws UsageError.
LetterPlace parse_place(const std::string& text);

/// Returns what goes back to the original topic: the letter's bytes and key, the original time where the letter knows it, its headers
/// without those of a dead letter, one replay more.
OutgoingMessage make_replay(const Message& message, const Letter& letter, const std::string& topic);

/// "1 letter", "2 letters".
std::string letters(std::uint64_t count);

/// One line for a person, without a line end; control characters as \xNN.
std::string to_line(const Letter& letter);
/// The same for a program.
nlohmann::ordered_json to_json(const Letter& letter);

}  // namespace dispytch::cli
