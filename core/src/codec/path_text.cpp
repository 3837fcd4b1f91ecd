#include "codec/path_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace dispytch::codec {

using detail::Kind;
using detail::ValueType;

namespace {

template <class T>
bool append_integer(const void* at, std::string& out) {
  T value;
  std::memcpy(&value, at, sizeof value);
  std::array<char, 20> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  return true;
}

}  // namespace

bool append_text(const ValueType& type, const void* at, std::string& out) {
  switch (type.kind) {
    case Kind::string: out += *static_cast<const std::string*>(at); return true;
    case Kind::int8: return append_integer<std::int8_t>(at, out);
    case Kind::int16: return append_integer<std::int16_t>(at, out);
    case Kind::int32: return append_integer<std::int32_t>(at, out);
    case Kind::int64: return append_integer<std::int64_t>(at, out);
    case Kind::uint8: return append_integer<std::uint8_t>(at, out);
    case Kind::uint16: return append_integer<std::uint16_t>(at, out);
    case Kind::uint32: return append_integer<std::uint32_t>(at, out);
    case Kind::uint64: return append_integer<std::uint64_t>(at, out);
    case Kind::enumeration:
      for (const auto& entry : type.enumeration->entries) {
        if (entry.value != type.enumeration->get(at)) continue;
        out += entry.name;
        return true;
      }
      return false;
    case Kind::optional: {
      const void* const value = type.optional->get(at);
      return value != nullptr && append_text(*type.optional->value, value, out);
    }
    default: return false;
  }
}

bool append_text(const detail::Path& path, const void* body, std::string& out) {
  const void* at = body;
  const ValueType* type = nullptr;
  for (const auto& step : path.steps) {
    if (type != nullptr && type->kind == Kind::optional) at = type->optional->get(at);
    if (at == nullptr) return false;
    at = static_cast<const char*>(at) + step.offset;
    type = step.type;
  }
  return type != nullptr && append_text(*type, at, out);
}

}  // namespace dispytch::codec
