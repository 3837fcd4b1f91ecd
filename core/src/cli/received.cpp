#include "cli/received.hpp"

#include <algorithm>

#include "codec/time_text.hpp"
#include "codec/utf8.hpp"
#include "text/escape.hpp"

namespace dispytch::cli {
namespace {

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= count ? kDigits[group >> (18 - 6 * i) & 0x3f] : '=';
  }
  return out;
}

void append_text_or_base64(std::string_view bytes, std::string& out) {
  if (codec::find_invalid_utf8(bytes) == std::string_view::npos) {
    text::append_json_string(bytes, out);
  } else {
    out += R"({"base64":")" + base64(bytes) + R"("})";
  }
}

}  // namespace

const JsonDocument* Received::document() const {
  if (!is_json_) {
    const auto payload = message_.payload();
    is_json_ = payload && !document_.read(*payload);
  }
  return *is_json_ ? &document_ : nullptr;
}

std::optional<std::string> Received::text_field(const std::string& name) const {
  const JsonDocument* const json = document();
  const JsonDocument::Value* const field = json == nullptr ? nullptr : json->member(json->root(), name);
  if (field == nullptr || field->kind != JsonDocument::Kind::string) return std::nullopt;
  return string_value(*field);
}

std::optional<std::string> Received::id() const { return wire_.layout == WireForm::Layout::envelope ? text_field("id") : std::nullopt; }

std::optional<std::string> Received::type() const {
  if (wire_.layout == WireForm::Layout::envelope) return text_field("type");
  switch (wire_.type_from) {
    case WireForm::TypeFrom::none: return std::nullopt;
    case WireForm::TypeFrom::field: return text_field(wire_.name);
    case WireForm::TypeFrom::fixed: return wire_.name;
    case WireForm::TypeFrom::header: {
      const auto header = message_.header(wire_.name);
      return header ? std::optional{std::string{*header}} : std::nullopt;
    }
  }
  return std::nullopt;
}

const JsonDocument::Value* Received::body() const {
  const JsonDocument* const json = document();
  if (json == nullptr) return nullptr;
  return wire_.layout == WireForm::Layout::flat ? &json->root() : json->member(json->root(), "body");
}

std::vector<const JsonDocument::Value*> Received::in_body(const std::vector<std::string>& path) const {
  std::vector<const JsonDocument::Value*> found;
  if (const JsonDocument::Value* const all = body()) found.push_back(all);
  for (const std::string& step : path) {
    std::vector<const JsonDocument::Value*> next;
    const bool is_index = !step.empty() && step.size() <= 9 && step.find_first_not_of("0123456789") == std::string::npos;
    for (const JsonDocument::Value* const value : found) {
      if (value->kind == JsonDocument::Kind::array && is_index) {
        const auto elements = document_.children(*value);
        if (const auto index = static_cast<std::size_t>(std::stoul(step)); index < elements.size()) next.push_back(elements[index]);
      } else {
        const auto members = document_.members(*value, step);
        next.insert(next.end(), members.begin(), members.end());
      }
    }
    found = std::move(next);
  }
  return found;
}

std::string to_rfc3339(Timestamp time) {
  codec::TimeText buffer;
  const std::string_view text = codec::format_rfc3339(time.time_since_epoch().count(), 1000, buffer);
  return text.empty() ? std::to_string(time.time_since_epoch().count()) : std::string{text};
}

std::string to_json(const Received& received) {
  const Message& message = received.message();
  std::string out;
  const auto field = [&](std::string_view name) { out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":"); };
  const auto say = [&](std::string_view name, const std::optional<std::string>& text) {
    field(name);
    text ? text::append_json_string(*text, out) : void(out += "null");
  };
  const auto count = [&](std::string_view name, const auto& number) {
    field(name);
    out += number ? std::to_string(*number) : "null";
  };
  const auto bytes = [&](std::string_view name, const std::optional<std::string_view>& value) {
    field(name);
    value ? append_text_or_base64(*value, out) : void(out += "null");
  };
  say("topic", std::string{message.topic()});
  count("partition", message.partition());
  count("offset", message.offset());
  say("timestamp", message.timestamp() ? std::optional{to_rfc3339(*message.timestamp())} : std::nullopt);
  bytes("key", message.key());
  field("headers");
  out += '[';
  if ((message.raw().flags & DISPYTCH_MSG_HEADERS) != 0) {
    for (const Header& header : message.headers()) {
      out += out.ends_with('[') ? "[" : ",[";
      append_text_or_base64(header.key, out);
      out += ',';
      header.value ? append_text_or_base64(*header.value, out) : void(out += "null");
      out += ']';
    }
  }
  out += ']';
  if (const JsonDocument::Value* const body = received.body()) {
    say("id", received.id());
    say("type", received.type());
    field("body");
    out += text::escape_json(compact(*body));
  } else {
    bytes("payload", message.payload());
  }
  return out += '}';
}

}  // namespace dispytch::cli
