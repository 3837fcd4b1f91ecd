#include "codec/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "codec/describe_error.hpp"
#include "codec/number_text.hpp"
#include "codec/time_text.hpp"
#include "codec/unescape.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::codec {

using detail::Field;
using detail::Kind;
using detail::TypeTable;
using detail::ValueType;

// ---- values ----

template <class F>
Cursor JsonReader::for_each_element(Cursor at, int depth, F each) {
  if (enter(at, '[', depth) == nullptr) return nullptr;
  ++at;
  if (*this->at(at) == ']') return at + 1;
  for (std::size_t index = 0;; ++index) {
    at = each(at);
    if (at == nullptr) return within(std::to_string(index));
    const char c = *this->at(at);
    ++at;
    if (c == ']') return at;
    if (c != ',') return fail(at - 1, "`,` or `]`");
  }
}

/// The kinds that most members have, inlined; the others in a function of their own.
[[gnu::always_inline]] inline Cursor JsonReader::value(Cursor at, Kind kind, const ValueType& type, void* to, int depth) {
  switch (kind) {
    case Kind::boolean: return boolean(at, *static_cast<bool*>(to));
    case Kind::int32: return number<std::int32_t>(at, to, kind);
    case Kind::int64: return number<std::int64_t>(at, to, kind);
    case Kind::uint32: return number<std::uint32_t>(at, to, kind);
    case Kind::uint64: return number<std::uint64_t>(at, to, kind);
    case Kind::float64: return number<double>(at, to, kind);
    case Kind::string: return string_member(at, *static_cast<std::string*>(to));
    case Kind::structure: return structure(at, *type.structure, to, false, depth);
    default: return other_value(at, kind, type, to, depth);
  }
}

inline Cursor JsonReader::string_member(Cursor at, std::string& to) {
  std::string_view text;
  const Cursor behind = string(at, text);
  if (behind != nullptr) to.assign(text);
  return behind;
}

Cursor JsonReader::other_value(Cursor at, Kind kind, const ValueType& type, void* to, int depth) {
  switch (kind) {
    case Kind::int8: return number<std::int8_t>(at, to, kind);
    case Kind::int16: return number<std::int16_t>(at, to, kind);
    case Kind::uint8: return number<std::uint8_t>(at, to, kind);
    case Kind::uint16: return number<std::uint16_t>(at, to, kind);
    case Kind::float32: return number<float>(at, to, kind);
    case Kind::enumeration: return enumeration(at, type, to);
    case Kind::rfc3339: return rfc3339(at, type, to);
    case Kind::unix_ms: return unix_ms(at, type, to);
    case Kind::optional: {
      const auto& optional = *type.optional;
      if (*this->at(at) == 'n' && token(at) == "null") {
        optional.reset(to);
        return at + 1;
      }
      return value(at, optional.value->kind, *optional.value, optional.emplace(to), depth);
    }
    case Kind::sequence: {
      const auto& sequence = *type.sequence;
      sequence.clear(to);
      return for_each_element(at, depth, [&](Cursor element_at) {
        return value(element_at, sequence.element->kind, *sequence.element, sequence.append(to), depth + 1);
      });
    }
    case Kind::bits: {
      auto& bits = *static_cast<std::vector<bool>*>(to);
      bits.clear();
      return for_each_element(at, depth, [&](Cursor element_at) {
        bool bit = false;
        const Cursor behind = boolean(element_at, bit);
        bits.push_back(bit);
        return behind;
      });
    }
    case Kind::map: return map(at, *type.map, to, depth);
    case Kind::variant: return variant(at, type, to, depth);
    case Kind::json: return json(at, *static_cast<nlohmann::json*>(to), depth);
    default: return fail(at, "a type that this codec knows");
  }
}

template <class T>
inline Cursor JsonReader::number(Cursor at, void* to, Kind kind) {
  T number;
  if (!parse_number(token(at), number)) [[unlikely]]
    return fail(at, expected_text(ValueType{kind}));
  std::memcpy(to, &number, sizeof number);  // not `*to = `: the member may be a long long where std::int64_t is a long
  return at + 1;
}

Cursor JsonReader::integer(Cursor at, std::int64_t& to) { return number<std::int64_t>(at, &to, Kind::int64); }

Cursor JsonReader::boolean(Cursor at, bool& to) {
  const std::string_view text = token(at);
  to = text == "true";
  return to || text == "false" ? at + 1 : fail(at, "true or false");
}

Cursor JsonReader::escaped_string(Cursor at, std::string_view& text) {
  if (!has_backslash(text)) return at + 1;
  if (!unescape(text, scratch_)) return fail(at, "a string with legal escapes");
  text = scratch_;
  return at + 1;
}

Cursor JsonReader::enumeration(Cursor at, const ValueType& type, void* to) {
  if (*this->at(at) != '"') return fail(at, expected_text(type));
  std::string_view name;
  const Cursor behind = string(at, name);
  if (behind == nullptr) return nullptr;
  for (const auto& entry : type.enumeration->entries) {
    if (entry.name == name) return type.enumeration->set(to, entry.value), behind;
  }
  return fail(at, expected_text(type));
}

Cursor JsonReader::rfc3339(Cursor at, const ValueType& type, void* to) {
  if (*this->at(at) != '"') return fail(at, expected_text(type));
  std::string_view text;
  const Cursor behind = string(at, text);
  if (behind == nullptr) return nullptr;
  std::int64_t ticks = 0;
  switch (parse_rfc3339(text, type.ticks_per_second, ticks)) {
    case TimeProblem::none: std::memcpy(to, &ticks, sizeof ticks); return behind;
    case TimeProblem::malformed: return fail(at, expected_text(type));
    case TimeProblem::out_of_range: break;
  }
  return fail(at, "a time that the member's type can hold");
}

Cursor JsonReader::unix_ms(Cursor at, const ValueType& type, void* to) {
  std::int64_t ms = 0;
  const Cursor behind = number<std::int64_t>(at, &ms, Kind::unix_ms);
  if (behind == nullptr) return nullptr;
  const auto ticks = ticks_of_unix_ms(ms, type.ticks_per_second);
  if (!ticks) return fail(at, "a time that the member's type can hold");
  std::memcpy(to, &*ticks, sizeof *ticks);
  return behind;
}

// ---- objects and arrays ----

// The hot loop of decoding, so written out: no closures, the expected member first. `tagged`: there is a variant's tag too, read before.
Cursor JsonReader::structure(Cursor at, const TypeTable& table, void* to, bool tagged, int depth) {
  if (enter(at, '{', depth) == nullptr) return nullptr;
  const char* const text = text_.data();
  const Field* const first = table.fields.data();
  const Field* const last = first + table.fields.size();
  const Field* expected = first;
  std::uint64_t seen = 0;
  constexpr std::uint64_t kTagBit = std::uint64_t{1} << 63;  // a struct has at most 52 members
  Cursor key = at + 1;
  if (text[*key] != '}') {
    for (;; ++key) {
      if (text[key[0]] != '"' || text[key[1]] != ':') return fail_field(key);
      const Field* field = expected;
      if (field == last || !is_key(key, field->key, field->name())) field = find(table, key);
      if (field != last) {
        const std::uint64_t bit = std::uint64_t{1} << field->index;
        if ((seen & bit) != 0) return fail_twice(key);
        seen |= bit;
        key = value(key + 2, field->kind, *field->type, static_cast<char*>(to) + field->offset, depth + 1);
        if (key == nullptr) return within(field->name());
        expected = field + 1;
      } else {
        if (tagged && is_tag(key)) {
          if ((seen & kTagBit) != 0) return fail_twice(key);
          seen |= kTagBit;
        }
        key = other_field(key, depth);
        if (key == nullptr) return nullptr;
      }
      if (text[*key] == '}') break;
      if (text[*key] != ',') return fail(key, "`,` or `}`");
    }
  }
  return (table.required & ~seen) == 0 ? key + 1 : missing(at, table, seen);
}

const Field* JsonReader::find(const TypeTable& table, Cursor key) {
  const Field* const last = table.fields.data() + table.fields.size();
  for (const Field& field : table.fields) {
    if (is_key(key, field.key, field.name())) return &field;
  }
  std::string_view name;  // it may be written with escapes
  if (!has_escapes_ || !has_backslash(raw_string(key)) || !key_text(key, name)) return last;
  return std::find_if(table.fields.data(), last, [&](const Field& field) { return field.name() == name; });
}

bool JsonReader::is_tag(Cursor key) {
  std::string_view name;
  return key_text(key, name) && name == "type";
}

Cursor JsonReader::other_field(Cursor key, int depth) {
  std::string_view name;
  if (!key_text(key, name)) return nullptr;
  const Cursor behind = skip(key + 2, depth + 1);
  return behind == nullptr ? within_key(key) : behind;
}

Cursor JsonReader::missing(Cursor at, const TypeTable& table, std::uint64_t seen) {
  std::size_t i = 0;
  while ((table.required & ~seen & std::uint64_t{1} << i) == 0) ++i;
  fail(at, expected_text(*table.fields[i].type), "no such field");
  return within(table.fields[i].name());
}

Cursor JsonReader::map(Cursor at, const detail::MapType& type, void* to, int depth) {
  type.clear(to);
  if (enter(at, '{', depth) == nullptr) return nullptr;
  return for_each_field(at, [&](Cursor key, Cursor value_at) -> Cursor {
    std::string_view name;
    if (!key_text(key, name)) return nullptr;
    void* const element = type.insert(to, name);
    if (element == nullptr) return fail_twice(key);
    const Cursor behind = value(value_at, type.value->kind, *type.value, element, depth + 1);
    return behind == nullptr ? within_key(key) : behind;
  });
}

Cursor JsonReader::variant(Cursor at, const ValueType& type, void* to, int depth) {
  if (enter(at, '{', depth) == nullptr) return nullptr;
  const auto& alternatives = type.variant->alternatives;
  std::size_t index = alternatives.size();
  Cursor tag_at = nullptr;
  const auto look_for_tag = [&](Cursor key, Cursor value_at) -> Cursor {
    std::string_view text;
    if (!key_text(key, text)) return nullptr;
    if (text != "type") {
      const Cursor behind = skip(value_at, depth + 1);
      return behind == nullptr ? within_key(key) : behind;
    }
    tag_at = value_at;
    if (*this->at(value_at) != '"') return nullptr;
    if (string(value_at, text) == nullptr) return within("type");
    for (index = 0; index < alternatives.size() && alternatives[index].tag != text; ++index) {}
    return nullptr;  // enough
  };
  error_ = {};
  if (for_each_field(at, look_for_tag) != nullptr) return fail(at, expected_text(type), "no such field"), within("type");
  if (!error_.expected.empty()) return nullptr;
  if (index == alternatives.size()) return fail(tag_at, expected_text(type)), within("type");
  return structure(at, *alternatives[index].table, type.variant->emplace(to, index), true, depth);
}

// ---- free-form JSON, and what nobody asked for ----

Cursor JsonReader::json(Cursor at, nlohmann::json& to, int depth) {
  switch (*this->at(at)) {
    case '{':
      to = nlohmann::json::object();
      if (enter(at, '{', depth) == nullptr) return nullptr;
      return for_each_field(at, [&](Cursor key, Cursor value_at) -> Cursor {
        std::string_view name;
        if (!key_text(key, name)) return nullptr;
        const auto [member, inserted] = to.get_ref<nlohmann::json::object_t&>().try_emplace(std::string{name});
        if (!inserted) return fail_twice(key);
        const Cursor behind = json(value_at, member->second, depth + 1);
        return behind == nullptr ? within_key(key) : behind;
      });
    case '[':
      to = nlohmann::json::array();
      return for_each_element(at, depth, [&](Cursor element_at) { return json(element_at, to.emplace_back(), depth + 1); });
    case '"': {
      std::string_view text;
      const Cursor behind = string(at, text);
      if (behind != nullptr) to = std::string{text};
      return behind;
    }
    default: break;
  }
  const std::string_view text = token(at);
  if (text == "null") return to = nullptr, at + 1;
  if (text == "true" || text == "false") return to = text == "true", at + 1;
  if (!is_number(text)) return fail(at, "a JSON value");
  if (is_integer(text)) {  // one beyond 64 bits becomes a double, as nlohmann itself reads it
    std::int64_t with_sign = 0;
    std::uint64_t without = 0;
    if (text.front() == '-' ? parse_number(text, with_sign) : parse_number(text, without)) {
      to = text.front() == '-' ? nlohmann::json(with_sign) : nlohmann::json(without);
      return at + 1;
    }
  }
  double number = 0;
  const Cursor behind = this->number<double>(at, &number, Kind::float64);
  to = number;
  return behind;
}

Cursor JsonReader::skip(Cursor at, int depth) {
  switch (*this->at(at)) {
    case '{':
      if (enter(at, '{', depth) == nullptr) return nullptr;
      return for_each_field(at, [&](Cursor key, Cursor value_at) -> Cursor {
        std::string_view name;
        if (!key_text(key, name)) return nullptr;
        const Cursor behind = skip(value_at, depth + 1);
        return behind == nullptr ? within_key(key) : behind;
      });
    case '[': return for_each_element(at, depth, [&](Cursor element_at) { return skip(element_at, depth + 1); });
    case '"': {
      std::string_view text;
      return string(at, text);
    }
    default: break;
  }
  const std::string_view text = token(at);
  return is_number(text) || text == "true" || text == "false" || text == "null" ? at + 1 : fail(at, "a JSON value");
}

// ---- errors ----

Cursor JsonReader::fail(Cursor at, std::string expected) { return fail(at, std::move(expected), found_text(text_.substr(*at))); }

Cursor JsonReader::fail(Cursor at, std::string expected, std::string found) {
  error_ = {.event = {}, .pointer = {}, .expected = std::move(expected), .found = std::move(found), .offset = *at};
  return nullptr;
}

Cursor JsonReader::fail_enter(Cursor at, char bracket) {
  if (*this->at(at) != bracket) return fail(at, bracket == '{' ? "an object" : "an array");
  return fail(at, "at most 64 objects and arrays in one another", "one more");
}

Cursor JsonReader::fail_field(Cursor key) {
  return *at(key) != '"' ? fail(key, "a field's name in quotes") : fail(key + 1, "`:` and the field's value");
}

Cursor JsonReader::fail_twice(Cursor key) {
  fail(key, "each field once", "it a second time");
  return within_key(key);
}

Cursor JsonReader::within(std::string_view name) {
  text::prepend_step(error_.pointer, name);
  return nullptr;
}

Cursor JsonReader::within_key(Cursor key) {
  std::string_view name;
  key_text(key, name);  // it was read before, so this can't fail
  return within(name);
}

}  // namespace dispytch::codec
