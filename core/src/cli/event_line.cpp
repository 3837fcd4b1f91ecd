#include "cli/event_line.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/line_reader.hpp"
#include "codec/json_codec.hpp"
#include "codec/uuid.hpp"

namespace dispytch::cli {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(LineReader::kPadding >= simdjson::SIMDJSON_PADDING);

simdjson::padded_string_view padded(std::string_view text) {
  return simdjson::padded_string_view{text, text.size() + simdjson::SIMDJSON_PADDING};
}

std::size_t column_of(std::string_view line, std::size_t byte) {
  const std::string_view before = line.substr(0, byte);
  return 1 + static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// The fast parsers say that a text is no JSON, but not where; this one does.
std::optional<LineProblem> syntax_problem(std::string_view line) {
  try {
    [[maybe_unused]] const auto nothing =
        nlohmann::json::parse(line, [](int, nlohmann::json::parse_event_t, nlohmann::json&) { return false; });
    return std::nullopt;
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t byte = error.byte == 0 ? 0 : error.byte - 1;
    if (byte >= line.size()) return LineProblem{column_of(line, line.size()), "the line ends in the middle of its JSON"};
    const std::string_view what = error.what();
    const std::size_t reason = what.find("; expected ");
    return LineProblem{column_of(line, byte),
                       "no JSON from here on" + (reason == std::string_view::npos ? std::string{} : std::string{what.substr(reason)})};
  }
}

LineProblem problem(std::string_view line, std::string text) {
  if (auto syntax = syntax_problem(line)) return *syntax;
  return {1, std::move(text)};
}

bool is_integer(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trimmed(std::string_view token) {
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end + 1);
}

}  // namespace

struct EventLine::Parts {
  std::string_view id = {}, type = {}, body = {};
  std::optional<std::int64_t> timestamp_ms = {};
};

EventLine::EventLine(EventLineOptions options) : options_{std::move(options)} {
  if (!options_.key_pointer.empty() && options_.key_pointer.front() != '/') {
    throw UsageError{"--key: expected a JSON pointer into the body, such as /aircraft/tail_number, found \"" + options_.key_pointer + '"'};
  }
}

std::optional<LineProblem> EventLine::read(std::string_view line, std::int64_t now_ms, OutgoingMessage& message) {
  Parts parts{.type = options_.type, .body = line};
  if (options_.envelopes) {
    if (auto wrong = open_envelope(line, parts)) return wrong;
  }
  const codec::Uuid uuid = parts.id.empty() ? codec::make_uuid(now_ms) : codec::Uuid{};
  if (parts.id.empty()) parts.id = uuid.view();

  message.topic = options_.topic;
  if (!message.payload) message.payload.emplace();
  message.payload->clear();
  const codec::EventMeta meta{.id = parts.id, .type = parts.type, .timestamp_ms = parts.timestamp_ms.value_or(now_ms)};
  if (const auto encoded = codec::encode_dynamic(parts.body, meta, options_.wire, *message.payload); !encoded) {
    return problem(line, encoded.error().text);
  }
  message.headers.clear();
  if (options_.wire.layout == WireForm::Layout::flat && options_.wire.type_from == WireForm::TypeFrom::header) {
    message.headers.emplace_back(options_.wire.name, parts.type);
  }
  return read_key(parts.body, message.key);
}

std::optional<LineProblem> EventLine::open_envelope(std::string_view line, Parts& parts) {
  ondemand::document document;
  ondemand::object envelope;
  if (envelope_parser_.iterate(padded(line)).get(document) || document.get_object().get(envelope)) {
    return problem(line, "expected an envelope, {\"id\", \"type\", \"body\", \"timestamp\"}, found something that is no object");
  }
  bool has_type = false;
  for (auto field : envelope) {
    std::string_view name;
    if (field.unescaped_key().get(name)) return problem(line, "expected an envelope");
    ondemand::value value;
    if (field.value().get(value)) return problem(line, "expected an envelope");
    if (name == "id") {
      if (value.get_string().get(parts.id) || parts.id.empty()) return problem(line, "/id: expected a string that is not empty");
    } else if (name == "type") {
      has_type = true;
      if (value.get_string().get(parts.type)) return problem(line, "/type: expected a string");
    } else if (name == "timestamp") {
      std::int64_t timestamp = 0;
      if (value.get_int64().get(timestamp)) return problem(line, "/timestamp: expected an integer, in milliseconds since 1970");
      parts.timestamp_ms = timestamp;
    } else if (name == "body") {
      if (simdjson::to_json_string(value).get(parts.body)) return problem(line, "/body: expected JSON");
    }
  }
  if (const char* behind = nullptr; !document.current_location().get(behind))
    return problem(line, "expected one envelope, found more behind it");
  if (parts.body.data() == line.data())
    return problem(line, "expected an envelope, found an object without `body`; to emit bodies leave out --lines");
  if (!has_type) return problem(line, "expected an envelope, found an object without `type`");
  if (!options_.type.empty() && parts.type != options_.type) {
    return problem(line, "/type: expected \"" + options_.type + "\", as the command line says, found \"" + std::string{parts.type} + '"');
  }
  return std::nullopt;
}

std::optional<LineProblem> EventLine::read_key(std::string_view body, std::optional<std::string>& key) {
  if (options_.key_pointer.empty()) {
    key.reset();
    return std::nullopt;
  }
  ondemand::document document;
  ondemand::value value;
  if (body_parser_.iterate(padded(body)).get(document) || document.at_pointer(options_.key_pointer).get(value)) {
    return problem(body, "no value at " + options_.key_pointer + ", which is to be the key; write null there for an event without a key");
  }
  ondemand::json_type type;
  if (value.type().get(type)) return problem(body, "no JSON at " + options_.key_pointer);
  if (type == ondemand::json_type::null) {
    key.reset();
    return std::nullopt;
  }
  std::string_view text;
  bool usable = false;
  if (type == ondemand::json_type::string) {
    usable = value.get_string().get(text) == simdjson::SUCCESS;
  } else if (type == ondemand::json_type::number) {
    text = trimmed(value.raw_json_token());
    usable = is_integer(text);
  }
  if (!usable) return problem(body, options_.key_pointer + " is to be the key: expected a string, an integer or null");
  key = text;
  return std::nullopt;
}

bool EventLine::looks_like_envelope(std::string_view line) {
  Parts parts{.body = line};
  return !open_envelope(line, parts) && !parts.id.empty() && parts.timestamp_ms;
}

}  // namespace dispytch::cli
