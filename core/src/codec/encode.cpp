// Events to payloads.
#include <algorithm>
#include <cstdint>
#include <string>

#include <simdjson.h>

#include "codec/json_codec.hpp"
#include "codec/json_writer.hpp"
#include "codec/path_text.hpp"
#include "codec/refuse.hpp"
#include "text/quote.hpp"

namespace dispytch::codec {

using detail::Field;

namespace {

constexpr std::string_view kTypeIsFixed = ", but the topic's wire form says that all of its messages are of type ";
constexpr std::string_view kTypeIsField = ", where the topic's wire form keeps the type, but the type is ";

/// Writes an envelope around what `body` writes. false: `body`, or the id, can't be written.
template <class Body>
bool write_envelope(JsonWriter& writer, const EventMeta& meta, std::string_view type, Body body) {
  writer.raw(R"({"id":)");
  if (!writer.string(meta.id)) return false;
  writer.raw(R"(,"type":)");
  if (!writer.string(type)) return false;
  writer.raw(R"(,"body":)");
  if (!body()) return false;
  if (meta.timestamp_ms != EventMeta::kNoTimestamp) {
    writer.raw(R"(,"timestamp":)");
    writer.integer(meta.timestamp_ms);
  }
  writer.raw('}');
  return true;
}

/// Where a flat payload carries the type: whether the codec is to write it, because no member of the struct does.
Result<bool> type_is_to_be_written(const EventType& event, const void* body, const WireForm& form) {
  if (form.type_from == WireForm::TypeFrom::fixed && form.name != event.type) {
    return refuse(std::string{event.name} + " is of type " + text::quoted(event.type) + std::string{kTypeIsFixed} +
                  text::quoted(form.name));
  }
  if (form.type_from != WireForm::TypeFrom::field) return false;
  const auto& fields = event.body->fields;
  const auto field = std::ranges::find(fields, std::string_view{form.name}, &Field::name);
  if (field == fields.end()) return true;
  std::string says;
  if (append_text(*field->type, static_cast<const char*>(body) + field->offset, says) && says == event.type) return false;
  return refuse(std::string{event.name} + " says " + text::quoted(says) + " in its field " + text::quoted(form.name) +
                std::string{kTypeIsField} + text::quoted(event.type));
}

}  // namespace

Result<void> encode(const EventType& event, const void* body, const EventMeta& meta, const WireForm& form, std::string& out) {
  std::string_view tag = {};
  if (form.layout == WireForm::Layout::flat) {
    const Result<bool> write_type = type_is_to_be_written(event, body, form);
    if (!write_type) return write_type.error();
    if (*write_type) tag = form.name;
  }
  JsonWriter writer{out};
  bool in_body = true;
  bool good = false;
  if (form.layout == WireForm::Layout::flat) {
    good = writer.structure(*event.body, body, {.field = tag, .value = event.type}, 0);
  } else {
    in_body = false;
    good = write_envelope(writer, meta, event.type, [&] {
      in_body = true;
      const bool written = writer.structure(*event.body, body, {}, 0);
      in_body = !written;
      return written;
    });
  }
  if (good) {
    writer.finish();
    return {};
  }
  writer.abandon();
  const auto& [pointer, reason] = writer.failure();
  return refuse(std::string{event.name} + (in_body ? pointer.empty() ? "" : " at " + pointer : " (its id or type)") +
                " can't be written as JSON: " + reason);
}

Result<void> encode_dynamic(std::string_view body_json, const EventMeta& meta, const WireForm& form, std::string& out) {
  const bool flat = form.layout == WireForm::Layout::flat;
  if (flat && form.type_from == WireForm::TypeFrom::fixed && form.name != meta.type) {
    return refuse("the event's type is " + text::quoted(meta.type) + std::string{kTypeIsFixed} + text::quoted(form.name));
  }
  // The decoder checks every byte, also of a body of which at most the field with the type is asked for.
  const bool has_type_field = flat && form.type_from == WireForm::TypeFrom::field;
  const std::string key_text = ",\"" + form.name + "\":";
  static constexpr detail::ValueType kString{detail::Kind::string};
  const auto name_size = static_cast<std::uint16_t>(form.name.size());
  const Field type_field{detail::Key{form.name}, key_text.data(), &kString, 0, name_size, detail::Kind::string, 0};
  const detail::TypeTable table{"the body", {&type_field, has_type_field ? 1U : 0U}, 0};
  const EventType event{table.name, {}, {}, &table, {}, {}, nullptr};
  const std::string absent = "\xff";  // no string of JSON is that
  std::string says = absent;
  DecodeError error;
  thread_local Decoder decoder;
  if (!decoder.open(body_json, {.layout = WireForm::Layout::flat}, {}, error) || !decoder.decode(event, &says, nullptr, error)) {
    error.event = table.name;
    return refuse(to_string(error));
  }
  if (says != absent && says != meta.type) {
    return refuse("the body says " + text::quoted(says) + " in its field " + text::quoted(form.name) + std::string{kTypeIsField} +
                  text::quoted(meta.type));
  }

  std::string body(body_json.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(body_json.data(), body_json.size(), body.data(), size) != simdjson::SUCCESS) return refuse("the body is no JSON");
  body.resize(size);

  JsonWriter writer{out};
  bool good = true;
  if (!flat) {
    good = write_envelope(writer, meta, meta.type, [&] { return writer.raw(body), true; });
  } else if (has_type_field && says == absent) {
    writer.raw('{');
    good = writer.string(form.name);
    writer.raw(':');
    good = good && writer.string(meta.type);
    writer.raw(body == "{}" ? "" : ",");
    writer.raw(std::string_view{body}.substr(1));
  } else {
    writer.raw(body);
  }
  if (good) {
    writer.finish();
    return {};
  }
  writer.abandon();
  return refuse("the event's id or type can't be written as JSON: " + writer.failure().reason);
}

}  // namespace dispytch::codec
