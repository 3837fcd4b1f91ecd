#include "cli/message_format.hpp"

#include <array>
#include <utility>

#include "cli/command.hpp"
#include "cli/terminal.hpp"

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

std::string text_of(const Received::Json& json) {
  if (json.is_string()) return json.get<std::string>();
  return json.dump(-1, ' ', false, Received::Json::error_handler_t::replace);
}

// The value at a dotted path: a name in an object, a number in an array.
const Received::Json* walk(const Received::Json* json, const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    if (json == nullptr) return nullptr;
    if (json->is_object()) {
      const auto found = json->find(step);
      json = found == json->end() ? nullptr : &*found;
    } else if (json->is_array() && !step.empty() && step.size() <= 9 && step.find_first_not_of("0123456789") == std::string::npos) {
      const auto index = static_cast<std::size_t>(std::stoul(step));
      json = index < json->size() ? &(*json)[index] : nullptr;
    } else {
      return nullptr;
    }
  }
  return json;
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

void MessageFormat::write(const Received& message, bool escape, std::string& out) const {
  for (const Part& part : parts_) {
    if (part.field == Field::text) {
      out += part.text;
    } else {
      const std::string text = value(part, message);
      out += escape ? printable(text) : text;
    }
  }
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
        text += (text.empty() ? "" : " ") + std::string{header.key} + '=' + std::string{header.value};
      }
      return text.empty() ? std::string{kNothing} : text;
    }
    case Field::body: {
      const Received::Json* const found = walk(received.body(), part.path);
      return found == nullptr ? std::string{kNothing} : text_of(*found);
    }
  }
  return std::string{kNothing};
}

}  // namespace dispytch::cli
