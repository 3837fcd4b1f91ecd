#include "cli/message_format.hpp"

#include <array>
#include <utility>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "text/escape.hpp"

namespace dispytch::cli {
namespace {

constexpr std::string_view kNothing = "-";

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = path.find('.');
    parts.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

std::string text_of(const JsonDocument::Value& value) {
  return value.kind == JsonDocument::Kind::string ? string_value(value) : text::escape_json(compact(value));
}

}  // namespace

MessageFormat::MessageFormat(std::string_view format) {
  std::string text;
  const auto end_text = [&] {
    if (!text.empty()) parts_.push_back({.field = Field::text, .text = std::exchange(text, {})});
  };
  for (std::size_t at = 0; at < format.size(); ++at) {
    const std::string_view rest = format.substr(at);
    if (rest.starts_with("{{") || rest.starts_with("}}") || rest.starts_with("\\\\")) {
      text += rest[0];
      ++at;
    } else if (rest.starts_with("\\n") || rest.starts_with("\\t")) {
      text += rest[1] == 'n' ? '\n' : '\t';
      ++at;
    } else if (rest[0] == '{') {
      const std::size_t close = rest.find('}');
      if (close == std::string_view::npos) {
        throw UsageError{"--format: the { at character " + std::to_string(at + 1) + " has no }; for a brace itself write {{"};
      }
      end_text();
      parts_.push_back(placeholder(rest.substr(1, close - 1)));
      at += close;
    } else {
      text += rest[0];
    }
  }
  end_text();
}

MessageFormat::Part MessageFormat::placeholder(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Field>, 10> kNames = {{{"topic", Field::topic},
                                                                          {"partition", Field::partition},
                                                                          {"offset", Field::offset},
                                                                          {"timestamp", Field::timestamp},
                                                                          {"key", Field::key},
                                                                          {"headers", Field::headers},
                                                                          {"payload", Field::payload},
                                                                          {"id", Field::id},
                                                                          {"type", Field::type},
                                                                          {"body", Field::body}}};
  for (const auto& [known, field] : kNames) {
    if (name == known) return {.field = field};
  }
  if (name.starts_with("body.")) return {.field = Field::body, .path = split(name.substr(5))};
  if (name.starts_with("header.")) return {.field = Field::header, .text = std::string{name.substr(7)}};
  throw UsageError{"--format: no placeholder {" + std::string{name} +
                   "}; there are: topic, partition, offset, timestamp, key, headers, header.NAME, payload, id, type, body, body.PATH"};
}

void MessageFormat::write(const Received& message, std::string& out) const {
  for (const Part& part : parts_) out += part.field == Field::text ? part.text : printable(value(part, message));
}

std::string MessageFormat::value(const Part& part, const Received& received) {
  const Message& message = received.message();
  const auto or_nothing = [](const auto& text) { return std::string{text ? std::string_view{*text} : kNothing}; };
  switch (part.field) {
    case Field::text: return part.text;
    case Field::topic: return std::string{message.topic()};
    case Field::partition: return message.partition() ? std::to_string(*message.partition()) : std::string{kNothing};
    case Field::offset: return message.offset() ? std::to_string(*message.offset()) : std::string{kNothing};
    case Field::timestamp: return message.timestamp() ? to_rfc3339(*message.timestamp()) : std::string{kNothing};
    case Field::key: return or_nothing(message.key());
    case Field::payload: return or_nothing(message.payload());
    case Field::id: return or_nothing(received.id());
    case Field::type: return or_nothing(received.type());
    case Field::header: return or_nothing(message.header(part.text));
    case Field::headers: {
      std::string text;
      for (const Header& header : message.headers()) {
        text += (text.empty() ? "" : " ") + std::string{header.key};
        if (header.value) text += '=' + std::string{*header.value};
      }
      return text.empty() ? std::string{kNothing} : text;
    }
    case Field::body: {
      std::string text;
      const char* separator = "";
      for (const JsonDocument::Value* const found : received.in_body(part.path)) text += std::exchange(separator, ",") + text_of(*found);
      return *separator == '\0' ? std::string{kNothing} : text;
    }
  }
  return std::string{kNothing};
}

}  // namespace dispytch::cli
