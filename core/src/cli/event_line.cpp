#include "cli/event_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "cli/command.hpp"
#include "cli/line_reader.hpp"
#include "codec/json_codec.hpp"
#include "codec/uuid.hpp"
#include "text/character.hpp"
#include "text/escape.hpp"

namespace dispytch::cli {
namespace {

using Kind = JsonDocument::Kind;

std::size_t column_of(std::string_view line, std::size_t byte) {
  const std::string_view before = line.substr(0, byte);
  return 1 + static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

LineProblem no_json(std::string_view line, const JsonDocument::Problem& problem) {
  if (problem.byte == line.size()) return {column_of(line, line.size()), "the line ends in the middle of its JSON"};
  const text::Character next = text::first_character(line.substr(problem.byte));
  const std::string found{line.substr(problem.byte, next.size)};
  return {column_of(line, problem.byte), "no JSON from here on; expected " + problem.expected + ", found `" + text::printable(found) + '`'};
}

LineProblem problem(std::string text) { return {1, std::move(text)}; }

bool is_integer(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

struct EventLine::Parts {
  std::string id = {}, type = {};
  const JsonDocument::Value* body = nullptr;
  std::optional<std::int64_t> timestamp_ms = {};
};

EventLine::EventLine(EventLineOptions options) : options_{std::move(options)} {
  if (!options_.key_pointer.empty() && options_.key_pointer.front() != '/') {
    throw UsageError{"--key: expected a JSON pointer into the body, such as /aircraft/tail_number, found \"" + options_.key_pointer + '"'};
  }
}

std::optional<LineProblem> EventLine::read(std::string_view line, std::int64_t now_ms, OutgoingMessage& message) {
  if (const auto wrong = document_.read(line)) return no_json(line, *wrong);
  if (const auto repeated = document_.repeated()) {
    return LineProblem{column_of(line, repeated->byte),
                       repeated->pointer + ": expected each field once, found it a second time; readers refuse it"};
  }
  Parts parts{.type = options_.type, .body = &document_.root()};
  if (options_.envelopes) {
    if (auto wrong = open_envelope(parts)) return wrong;
  }
  const codec::Uuid uuid = parts.id.empty() ? codec::make_uuid(now_ms) : codec::Uuid{};
  if (parts.id.empty()) parts.id = uuid.view();

  message.topic = options_.topic;
  if (!message.payload) message.payload.emplace();
  message.payload->clear();
  const codec::EventMeta meta{.id = parts.id, .type = parts.type, .timestamp_ms = parts.timestamp_ms.value_or(now_ms)};
  if (const auto encoded = codec::encode_dynamic(parts.body->raw, meta, options_.wire, *message.payload); !encoded) {
    return problem(encoded.error().text);
  }
  message.headers.clear();
  if (options_.wire.layout == WireForm::Layout::flat && options_.wire.type_from == WireForm::TypeFrom::header) {
    message.headers.emplace_back(options_.wire.name, parts.type);
  }
  return read_key(*parts.body, message.key);
}

std::optional<LineProblem> EventLine::open_envelope(Parts& parts) const {
  const JsonDocument::Value& envelope = document_.root();
  if (envelope.kind != Kind::object) {
    return problem("expected an envelope, {\"id\", \"type\", \"body\", \"timestamp\"}, found something that is no object");
  }
  parts.body = document_.member(envelope, "body");
  if (parts.body == nullptr) return problem("expected an envelope, found an object without `body`; to emit bodies leave out --lines");
  if (const auto* const id = document_.member(envelope, "id")) {
    if (id->kind == Kind::string) parts.id = string_value(*id);
    if (parts.id.empty()) return problem("/id: expected a string that is not empty");
  }
  if (const auto* const time = document_.member(envelope, "timestamp")) {
    std::int64_t timestamp_ms = 0;
    const char* const end = time->raw.data() + time->raw.size();
    const auto [behind, wrong] = std::from_chars(time->raw.data(), end, timestamp_ms);
    if (wrong != std::errc{} || behind != end) return problem("/timestamp: expected an integer, in milliseconds since 1970");
    parts.timestamp_ms = timestamp_ms;
  }
  const auto* const type = document_.member(envelope, "type");
  if (type == nullptr) return problem("expected an envelope, found an object without `type`");
  if (type->kind != Kind::string) return problem("/type: expected a string");
  parts.type = string_value(*type);
  if (!options_.type.empty() && parts.type != options_.type) {
    return problem("/type: expected \"" + options_.type + "\", as the command line says, found \"" + parts.type + '"');
  }
  return std::nullopt;
}

std::optional<LineProblem> EventLine::read_key(const JsonDocument::Value& body, std::optional<std::string>& key) const {
  if (options_.key_pointer.empty()) {
    key.reset();
    return std::nullopt;
  }
  const JsonDocument::Value* const value = document_.at_pointer(body, options_.key_pointer);
  if (value == nullptr) {
    return problem("no value at " + options_.key_pointer + ", which is to be the key; write null there for an event without a key");
  }
  if (value->kind == Kind::null) {
    key.reset();
  } else if (value->kind == Kind::string) {
    key = string_value(*value);
  } else if (value->kind == Kind::number && is_integer(value->raw)) {
    key = value->raw;
  } else {
    return problem(options_.key_pointer + " is to be the key: expected a string, an integer or null");
  }
  return std::nullopt;
}

bool EventLine::looks_like_envelope(std::string_view line) {
  Parts parts;
  return !document_.read(line) && !open_envelope(parts) && !parts.id.empty() && parts.timestamp_ms;
}

}  // namespace dispytch::cli
