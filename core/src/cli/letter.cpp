#include "cli/letter.hpp"

#include <charconv>
#include <cstdint>

#include "cli/command.hpp"
#include "cli/received.hpp"
#include "cli/terminal.hpp"
#include "listen/letter_headers.hpp"

namespace dispytch::cli {
namespace {

using namespace listen::letter_header;  // NOLINT(google-build-using-namespace): thirteen names

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Of a message: from 1970 on, and of a year that can be written.
std::optional<std::int64_t> time_of(std::string_view text) {
  constexpr std::int64_t kEndOf9999 = 253'402'300'800'000;
  const auto time_ms = number<std::int64_t>(text);
  return time_ms && *time_ms >= 0 && *time_ms < kEndOf9999 ? time_ms : std::nullopt;
}

std::string or_nothing(const std::optional<std::string>& text) { return text ? printable(*text) : "-"; }

}  // namespace

std::string Letter::place() const {
  if (offset < 0 && id) return topic + "/id:" + *id;
  return topic + "/" + std::to_string(partition) + ":" + std::to_string(offset);
}

Letter read_letter(const Message& message, const WireForm& wire) {
  Letter letter{
      .topic = std::string{message.topic()}, .partition = message.partition().value_or(0), .offset = message.offset().value_or(-1)};
  if (const auto id = message.id()) letter.id.emplace(*id);
  if (message.timestamp()) letter.when_ms = message.timestamp()->time_since_epoch().count();
  if (const auto key = message.key()) letter.key.emplace(*key);
  if ((message.raw().flags & DISPYTCH_MSG_HEADERS) == 0) return letter;
  for (const Header& header : message.headers()) {  // of a name that repeats the last counts
    if (!header.value) continue;
    const std::string text{*header.value};
    if (header.key == kReason) letter.reason = text;
    if (header.key == kException) letter.exception = text;
    if (header.key == kHandler) letter.handler = text;
    if (header.key == kListener) letter.listener = text;
    if (header.key == kGroup) letter.group = text;
    if (header.key == kTopic) letter.original_topic = text;
    if (header.key == kPartition) letter.original_partition = number<std::int64_t>(text);
    if (header.key == kOffset) letter.original_offset = number<std::int64_t>(text);
    if (header.key == kId) letter.original_id = text;
    if (header.key == kAttempts) letter.attempts = number<std::int64_t>(text);
    if (header.key == kTimestamp) letter.original_ms = time_of(text);
    if (header.key == kLeftOut) letter.left_out = text;
    if (header.key == kLast && number<std::int64_t>(text)) letter.when_ms = number<std::int64_t>(text);
    if (header.key == listen::kReplays) {
      const auto count = number<std::uint64_t>(text);
      letter.replays = count.value_or(0);
      letter.bad_count = count ? std::nullopt : std::optional{text};
    }
  }
  letter.type = Received{message, wire}.type();
  return letter;
}

std::string to_string(const LetterPlace& place) {
  return place.topic + "/" + (place.id ? "id:" + *place.id : std::to_string(place.partition) + ":" + std::to_string(place.offset));
}

LetterPlace parse_place(const std::string& text) {
  const std::size_t slash = text.rfind('/'), colon = text.rfind(':');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  if (colon != std::string::npos && colon >= begin) {
    const std::string_view all = text;
    const auto partition = number<std::int32_t>(all.substr(begin, colon - begin));
    const auto offset = number<std::int64_t>(all.substr(colon + 1));
    if (partition && offset && *partition >= 0 && *offset >= 0) {
      return {.topic = slash == std::string::npos ? "" : text.substr(0, slash), .partition = *partition, .offset = *offset};
    }
  }
  constexpr std::string_view kId = "id:";
  if (text.starts_with(kId)) return {.id = text.substr(kId.size())};
  if (const std::size_t at = text.find("/id:"); at != std::string::npos) {
    return {.topic = text.substr(0, at), .id = text.substr(at + 1 + kId.size())};
  }
  throw UsageError{"expected the place of a letter as `dispytch dlq list` shows it, [TOPIC/]PARTITION:OFFSET such as 0:12, found \"" +
                   text + "\""};
}

OutgoingMessage make_replay(const Message& message, const Letter& letter, const std::string& topic) {
  OutgoingMessage replay{.topic = topic};
  if (const auto key = message.key()) replay.key.emplace(*key);
  if (const auto payload = message.payload()) replay.payload.emplace(*payload);
  for (const Header& header : message.headers()) {
    if (!listen::is_letter_header(header.key) && header.key != listen::kReplays) replay.headers.emplace_back(header.key, header.value);
  }
  if (letter.original_ms) replay.timestamp = Timestamp{std::chrono::milliseconds{*letter.original_ms}};
  replay.headers.emplace_back(listen::kReplays, std::to_string(letter.replays + 1));
  return replay;
}

std::string letters(std::uint64_t count) { return grouped(count) + (count == 1 ? " letter" : " letters"); }

std::string to_line(const Letter& letter) {
  std::string line = printable(letter.place()) + "  ";
  line += letter.when_ms ? to_rfc3339(Timestamp{std::chrono::milliseconds{*letter.when_ms}}) : "-";
  if (!letter.is_one()) return line + "  no dead letter: it lacks the headers of one";
  line += "  " + or_nothing(letter.reason) + "  handler: " + or_nothing(letter.handler);
  line += "  attempts: " + (letter.attempts ? std::to_string(*letter.attempts) : "-");
  line += "  from: " + or_nothing(letter.original_topic);
  if (letter.original_offset) {
    line += "/" + std::to_string(letter.original_partition.value_or(0)) + ":" + std::to_string(*letter.original_offset);
  } else if (letter.original_id) {
    line += "/" + printable(*letter.original_id);
  }
  line += "  replays: " + (letter.bad_count ? printable(*letter.bad_count) : std::to_string(letter.replays));
  if (letter.exception) line += "  " + printable(*letter.exception);
  return line;
}

nlohmann::ordered_json to_json(const Letter& letter) {
  nlohmann::ordered_json json;
  const auto say = [&json](const char* name, const auto& value) {
    json[name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  json["topic"] = letter.topic;
  json["partition"] = letter.partition;
  json["offset"] = letter.offset;
  say("id", letter.id);
  json["when"] = letter.when_ms ? nlohmann::ordered_json(to_rfc3339(Timestamp{std::chrono::milliseconds{*letter.when_ms}})) : nullptr;
  json["is_dead_letter"] = letter.is_one();
  say("reason", letter.reason);
  say("exception", letter.exception);
  say("handler", letter.handler);
  say("listener", letter.listener);
  say("group", letter.group);
  say("attempts", letter.attempts);
  say("original_topic", letter.original_topic);
  say("original_partition", letter.original_partition);
  say("original_offset", letter.original_offset);
  say("original_id", letter.original_id);
  json["original_time"] =
      letter.original_ms ? nlohmann::ordered_json(to_rfc3339(Timestamp{std::chrono::milliseconds{*letter.original_ms}})) : nullptr;
  say("left_out", letter.left_out);
  say("key", letter.key);
  say("type", letter.type);
  json["replays"] = letter.bad_count ? nlohmann::ordered_json(*letter.bad_count) : nlohmann::ordered_json(letter.replays);
  return json;
}

}  // namespace dispytch::cli
