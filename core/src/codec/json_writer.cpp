#include "codec/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "codec/time_text.hpp"
#include "codec/utf8.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::codec {

using detail::Field;
using detail::Kind;
using detail::ValueType;

namespace {

constexpr std::uint64_t repeat(unsigned char byte) { return std::uint64_t{0x0101010101010101} * byte; }

/// Whether one of eight bytes needs a look: a quote, a backslash, a control character, or a byte of a longer UTF-8 sequence.
bool has_special(std::uint64_t word) noexcept {
  const auto zero_byte = [](std::uint64_t w) { return (w - repeat(0x01)) & ~w; };
  return ((word | zero_byte(word ^ repeat('"')) | zero_byte(word ^ repeat('\\')) | ((word - repeat(0x20)) & ~word)) & repeat(0x80)) != 0;
}

/// How many bytes from the start are plain, in steps of eight, then of one.
std::size_t plain_prefix(std::string_view text) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (has_special(word)) break;
  }
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80) break;
  }
  return i;
}

template <class T>
T load(const void* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

void JsonWriter::grow(std::size_t bytes) {
  const auto used = static_cast<std::size_t>(at_ - out_.data());
  out_.resize(std::max(2 * out_.size(), used + bytes));
  at_ = out_.data() + used;
  end_ = out_.data() + out_.size();
}

bool JsonWriter::fail(std::string reason) {
  failure_ = {{}, std::move(reason)};
  return false;
}

bool JsonWriter::within(std::string_view name) {
  text::prepend_step(failure_.pointer, name);
  return false;
}

bool JsonWriter::within(std::size_t index) { return within(std::to_string(index)); }

bool JsonWriter::open(char bracket, int depth) {
  if (depth >= detail::kMaxDepth) return fail("it nests deeper than 64 objects and arrays");
  raw(bracket);
  return true;
}

bool JsonWriter::string(std::string_view text) {
  const std::size_t plain = plain_prefix(text);
  reserve(text.size() + 2);
  *at_++ = '"';
  at_ = std::copy_n(text.data(), plain, at_);  // an empty view may have no data, which memcpy doesn't bear
  if (plain != text.size()) {
    if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
      return fail("the string is no UTF-8 from its byte " + std::to_string(bad) + " on");
    }
    escaped(text.substr(plain));
  }
  raw('"');
  return true;
}

void JsonWriter::escaped(std::string_view text) {
  reserve(6 * text.size());
  const auto escape = [this](char c) {
    *at_++ = '\\';
    *at_++ = c;
  };
  for (const char c : text) {
    switch (c) {
      case '"': escape('"'); break;
      case '\\': escape('\\'); break;
      case '\b': escape('b'); break;
      case '\f': escape('f'); break;
      case '\n': escape('n'); break;
      case '\r': escape('r'); break;
      case '\t': escape('t'); break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          *at_++ = c;
        } else {
          std::memcpy(at_, c < 0x10 ? "\\u000" : "\\u001", 5);
          at_[5] = "0123456789abcdef"[c & 0xf];
          at_ += 6;
        }
    }
  }
}

/// The shortest text that reads back as the same value, and one that stays a fraction: 1.0, not 1.
template <class T>
bool JsonWriter::floating(T value) {
  if (!std::isfinite(value)) return fail(std::isnan(value) ? "JSON has no NaN" : "JSON has no infinity");
  reserve(32);
  char* const start = at_;
  at_ = std::to_chars(at_, at_ + 30, value).ptr;
  if (std::none_of(start, at_, [](char c) { return c == '.' || c == 'e'; })) {
    *at_++ = '.';
    *at_++ = '0';
  }
  return true;
}

bool JsonWriter::enumeration(const detail::EnumType& type, const void* at) {
  const std::int64_t value = type.get(at);
  for (const auto& entry : type.entries) {
    if (entry.value == value) return string(entry.name);
  }
  return fail("the enumeration's value " + std::to_string(value) + " has no name");
}

bool JsonWriter::rfc3339(std::int64_t ticks, std::int64_t ticks_per_second) {
  TimeText buffer;
  const std::string_view text = format_rfc3339(ticks, ticks_per_second, buffer);
  if (text.empty()) return fail("RFC 3339 has no time before the year 0 or after 9999");
  raw('"');
  raw(text);
  raw('"');
  return true;
}

bool JsonWriter::unix_ms(std::int64_t ticks, std::int64_t ticks_per_second) {
  const auto ms = unix_ms_of_ticks(ticks, ticks_per_second);
  if (!ms) return fail("the time doesn't fit 64 bits of milliseconds");
  integer(*ms);
  return true;
}

bool JsonWriter::value(Kind kind, const ValueType& type, const void* at, int depth) {
  switch (kind) {
    case Kind::boolean: raw(load<bool>(at) ? std::string_view{"true"} : std::string_view{"false"}); return true;
    case Kind::int8: integer(int{load<std::int8_t>(at)}); return true;
    case Kind::int16: integer(load<std::int16_t>(at)); return true;
    case Kind::int32: integer(load<std::int32_t>(at)); return true;
    case Kind::int64: integer(load<std::int64_t>(at)); return true;
    case Kind::uint8: integer(unsigned{load<std::uint8_t>(at)}); return true;
    case Kind::uint16: integer(load<std::uint16_t>(at)); return true;
    case Kind::uint32: integer(load<std::uint32_t>(at)); return true;
    case Kind::uint64: integer(load<std::uint64_t>(at)); return true;
    case Kind::float32: return floating(load<float>(at));
    case Kind::float64: return floating(load<double>(at));
    case Kind::string: return string(*static_cast<const std::string*>(at));
    case Kind::enumeration: return enumeration(*type.enumeration, at);
    case Kind::rfc3339: return rfc3339(load<std::int64_t>(at), type.ticks_per_second);
    case Kind::unix_ms: return unix_ms(load<std::int64_t>(at), type.ticks_per_second);
    case Kind::structure: return structure(*type.structure, at, {}, depth);
    case Kind::optional: {
      const void* const value = type.optional->get(at);
      if (value != nullptr) return this->value(type.optional->value->kind, *type.optional->value, value, depth);
      raw("null");
      return true;
    }
    case Kind::sequence: return sequence(*type.sequence, at, depth);
    case Kind::bits: {
      if (!open('[', depth)) return false;
      bool first = true;
      for (const bool bit : *static_cast<const std::vector<bool>*>(at)) {
        raw(bit ? std::string_view{",true"}.substr(first) : std::string_view{",false"}.substr(first));
        first = false;
      }
      raw(']');
      return true;
    }
    case Kind::map: return map(*type.map, at, depth);
    case Kind::variant: return variant(*type.variant, at, depth);
    case Kind::json: return json(*static_cast<const nlohmann::json*>(at), depth);
  }
  return fail("its type is unknown to this codec");
}

bool JsonWriter::structure(const detail::TypeTable& table, const void* at, const Tag& tag, int depth) {
  if (!open('{', depth)) return false;
  bool first = true;
  if (!tag.field.empty()) {
    if (!string(tag.field)) return false;
    raw(':');
    if (!string(tag.value)) return within(tag.field);
    first = false;
  }
  for (const Field& field : table.fields) {
    raw(field.key_text().substr(first));
    first = false;
    if (!value(field.kind, *field.type, static_cast<const char*>(at) + field.offset, depth + 1)) return within(field.name());
  }
  raw('}');
  return true;
}

bool JsonWriter::sequence(const detail::SequenceType& type, const void* at, int depth) {
  if (!open('[', depth)) return false;
  const auto* element = static_cast<const char*>(type.data(at));
  const std::size_t size = type.size(at);
  for (std::size_t i = 0; i < size; ++i, element += type.stride) {
    if (i != 0) raw(',');
    if (!value(type.element->kind, *type.element, element, depth + 1)) return within(i);
  }
  raw(']');
  return true;
}

bool JsonWriter::map(const detail::MapType& type, const void* at, int depth) {
  if (!open('{', depth)) return false;
  struct Context {
    JsonWriter& writer;
    const ValueType& type;
    int depth;
    bool first;
  } context{*this, *type.value, depth + 1, true};
  const bool good = type.visit(at, &context, [](void* c, std::string_view key, const void* value) {
    auto& [writer, value_type, value_depth, first] = *static_cast<Context*>(c);
    if (!first) writer.raw(',');
    first = false;
    if (!writer.string(key)) return false;  // a key that is no UTF-8 can't stand in the pointer either
    writer.raw(':');
    return writer.value(value_type.kind, value_type, value, value_depth) || writer.within(key);
  });
  raw('}');
  return good;
}

bool JsonWriter::variant(const detail::VariantType& type, const void* at, int depth) {
  const std::size_t index = type.index(at);
  if (index >= type.alternatives.size()) return fail("the variant lost its value to an exception");
  return structure(*type.alternatives[index].table, type.get(at), {.field = "type", .value = type.alternatives[index].tag}, depth);
}

bool JsonWriter::json(const nlohmann::json& value, int depth) {
  using Type = nlohmann::json::value_t;
  switch (value.type()) {
    case Type::null: raw("null"); return true;
    case Type::boolean: raw(value.get_ref<const bool&>() ? std::string_view{"true"} : std::string_view{"false"}); return true;
    case Type::number_integer: integer(value.get_ref<const nlohmann::json::number_integer_t&>()); return true;
    case Type::number_unsigned: integer(value.get_ref<const nlohmann::json::number_unsigned_t&>()); return true;
    case Type::number_float: return floating(value.get_ref<const nlohmann::json::number_float_t&>());
    case Type::string: return string(value.get_ref<const std::string&>());
    case Type::array: {
      if (!open('[', depth)) return false;
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i != 0) raw(',');
        if (!json(value[i], depth + 1)) return within(i);
      }
      raw(']');
      return true;
    }
    case Type::object: {
      if (!open('{', depth)) return false;
      bool first = true;
      for (const auto& [key, member] : value.items()) {
        if (!first) raw(',');
        first = false;
        if (!string(key)) return false;
        raw(':');
        if (!json(member, depth + 1)) return within(key);
      }
      raw('}');
      return true;
    }
    case Type::binary: return fail("JSON has no bytes");
    case Type::discarded: break;
  }
  return fail("the nlohmann::json value was discarded by its parser");
}

}  // namespace dispytch::codec
