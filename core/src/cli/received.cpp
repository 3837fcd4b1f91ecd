#include "cli/received.hpp"

#include <algorithm>

#include "codec/time_text.hpp"
#include "codec/utf8.hpp"

namespace dispytch::cli {
namespace {

using Json = Received::Json;

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

Json text_or_base64(std::string_view bytes) {
  if (codec::find_invalid_utf8(bytes) == std::string_view::npos) return bytes;
  return {{"base64", base64(bytes)}};
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

const Json* Received::document() const {
  if (!document_) {
    const auto payload = message_.payload();
    document_ = payload ? Json::parse(*payload, nullptr, false) : Json(Json::value_t::discarded);
  }
  return document_->is_discarded() ? nullptr : &*document_;
}

std::optional<std::string> Received::text_field(const std::string& name) const {
  const Json* const json = document();
  if (json == nullptr || !json->is_object()) return std::nullopt;
  const auto found = json->find(name);
  return found != json->end() && found->is_string() ? std::optional{found->get<std::string>()} : std::nullopt;
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

const Json* Received::body() const {
  const Json* const json = document();
  if (json == nullptr || wire_.layout == WireForm::Layout::flat) return json;
  if (!json->is_object()) return nullptr;
  const auto found = json->find("body");
  return found == json->end() ? nullptr : &*found;
}

std::string to_rfc3339(Timestamp time) {
  codec::TimeText buffer;
  const std::string_view text = codec::format_rfc3339(time.time_since_epoch().count(), 1000, buffer);
  return text.empty() ? std::to_string(time.time_since_epoch().count()) : std::string{text};
}

Json to_json(const Received& received) {
  const Message& message = received.message();
  Json json;
  json["topic"] = message.topic();
  json["partition"] = or_null(message.partition());
  json["offset"] = or_null(message.offset());
  json["timestamp"] = message.timestamp() ? Json(to_rfc3339(*message.timestamp())) : Json(nullptr);
  json["key"] = message.key() ? text_or_base64(*message.key()) : Json(nullptr);
  Json headers = Json::array();
  if ((message.raw().flags & DISPYTCH_MSG_HEADERS) != 0) {
    for (const Header& header : message.headers())
      headers.push_back(Json::array({text_or_base64(header.key), text_or_base64(header.value)}));
  }
  json["headers"] = std::move(headers);
  if (const Json* const body = received.body()) {
    json["id"] = or_null(received.id());
    json["type"] = or_null(received.type());
    json["body"] = *body;
  } else {
    json["payload"] = message.payload() ? text_or_base64(*message.payload()) : Json(nullptr);
  }
  return json;
}

}  // namespace dispytch::cli
