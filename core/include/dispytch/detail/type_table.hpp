// Type tables: what the compiled codec knows of an application's structs. Built at compile time by <dispytch/describe.hpp>; all of it
// is constant data that lives as long as the program. Nothing here names a parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include <dispytch/wire.hpp>

namespace dispytch::detail {

/// How deep objects and arrays may nest in an event's body, read or written. It bounds the codec's recursion.
inline constexpr int kMaxDepth = 64;

enum class Kind : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  string,       ///< std::string
  enumeration,  ///< by name
  rfc3339,      ///< a time point, as text
  unix_ms,      ///< a time point, as an integer
  structure,
  optional,
  sequence,  ///< std::vector
  bits,      ///< std::vector<bool>, whose elements have no address
  map,       ///< std::map<std::string, T>
  variant,   ///< of structs, told apart by a field `type`
  json,      ///< nlohmann::json
};

/// The kind of an integer type.
template <class T>
constexpr Kind integer_kind() noexcept {
  constexpr bool is_signed = std::is_signed_v<T>;
  switch (sizeof(T)) {
    case 1: return is_signed ? Kind::int8 : Kind::uint8;
    case 2: return is_signed ? Kind::int16 : Kind::uint16;
    case 4: return is_signed ? Kind::int32 : Kind::uint32;
    default: return is_signed ? Kind::int64 : Kind::uint64;
  }
}

struct TypeTable;
struct ValueType;

struct EnumType {
  struct Entry {
    std::string_view name;
    std::int64_t value;  ///< of an unsigned 64-bit enumeration: the same bits
  };
  std::span<const Entry> entries;
  std::int64_t (*get)(const void* value) noexcept;
  void (*set)(void* value, std::int64_t to) noexcept;
};

struct OptionalType {
  const ValueType* value;
  const void* (*get)(const void* optional) noexcept;  ///< null: empty
  void* (*emplace)(void* optional);
  void (*reset)(void* optional) noexcept;
};

struct SequenceType {
  const ValueType* element;
  std::size_t stride;  ///< bytes from one element to the next
  const void* (*data)(const void* sequence) noexcept;
  std::size_t (*size)(const void* sequence) noexcept;
  void (*clear)(void* sequence) noexcept;
  void* (*append)(void* sequence);  ///< the new element, valid until the next append
};

struct MapType {
  using Visitor = bool (*)(void* context, std::string_view key, const void* value);
  const ValueType* value;
  void (*clear)(void* map) noexcept;
  void* (*insert)(void* map, std::string_view key);                ///< null: the key is there already
  bool (*visit)(const void* map, void* context, Visitor visitor);  ///< stops and returns false where the visitor does
};

struct VariantType {
  struct Alternative {
    std::string_view tag;  ///< the value of the field `type`
    const TypeTable* table;
  };
  std::span<const Alternative> alternatives;
  std::size_t (*index)(const void* variant) noexcept;  ///< beyond the alternatives where the variant is valueless
  const void* (*get)(const void* variant) noexcept;
  void* (*emplace)(void* variant, std::size_t index);
};

/// The type of a value: its kind, and by kind the one pointer that is set.
struct ValueType {
  Kind kind;
  union {
    const void* nothing;
    std::int64_t ticks_per_second;  ///< rfc3339, unix_ms: of the time point's duration, which counts in 64 bits
    const TypeTable* structure;
    const EnumType* enumeration;
    const OptionalType* optional;
    const SequenceType* sequence;
    const MapType* map;
    const VariantType* variant;
  };

  constexpr explicit ValueType(Kind k) noexcept : kind{k}, nothing{nullptr} {}
  constexpr ValueType(Kind k, std::int64_t ticks) noexcept : kind{k}, ticks_per_second{ticks} {}
  constexpr explicit ValueType(const TypeTable* table) noexcept : kind{Kind::structure}, structure{table} {}
  constexpr explicit ValueType(const EnumType* type) noexcept : kind{Kind::enumeration}, enumeration{type} {}
  constexpr explicit ValueType(const OptionalType* type) noexcept : kind{Kind::optional}, optional{type} {}
  constexpr explicit ValueType(const SequenceType* type) noexcept : kind{Kind::sequence}, sequence{type} {}
  constexpr explicit ValueType(const MapType* type) noexcept : kind{Kind::map}, map{type} {}
  constexpr explicit ValueType(const VariantType* type) noexcept : kind{Kind::variant}, variant{type} {}
};

/// A field's name as the reader compares it: words of eight bytes as they lie in memory (little endian), the closing quote among them.
struct Key {
  std::uint64_t word = 0;  ///< the first bytes of `name"`
  std::uint64_t mask = 0;  ///< which bits of `word` count
  std::uint64_t tail = 0;  ///< the last 8 bytes of `name"`; 0 where `word` has all of them

  constexpr Key() noexcept = default;
  constexpr explicit Key(std::string_view name) noexcept {
    const std::size_t size = name.size() + 1;
    for (std::size_t i = 0; i < (size < 8 ? size : 8); ++i) {
      word |= byte(name, i) << (8 * i);
      mask |= std::uint64_t{0xff} << (8 * i);
    }
    for (std::size_t i = 0; size > 8 && i < 8; ++i) tail |= byte(name, size - 8 + i) << (8 * i);
  }

 private:
  static constexpr std::uint64_t byte(std::string_view name, std::size_t i) noexcept {
    return static_cast<unsigned char>(i < name.size() ? name[i] : '"');
  }
};

/// A member of a struct.
struct Field {
  Key key;
  const char* text;  ///< `,"name":`, ready to be written; the name needs no escapes
  const ValueType* type;
  std::uint32_t offset;  ///< bytes from the start of the struct
  std::uint16_t name_size;
  Kind kind;           ///< type->kind, at hand
  std::uint8_t index;  ///< in TypeTable::fields

  constexpr std::string_view name() const noexcept { return {text + 2, name_size}; }
  constexpr std::string_view key_text() const noexcept { return {text, name_size + std::size_t{4}}; }
};

/// A struct: its members in the order of their description.
struct TypeTable {
  std::string_view name;  ///< the C++ name, as it was described
  std::span<const Field> fields;
  std::uint64_t required;  ///< bit i: the absence of fields[i] is an error
};

/// The way from a struct to one of its values, through structs and optionals: `aircraft.tail_number`.
struct Path {
  struct Step {
    std::uint32_t offset;
    const ValueType* type;  ///< of the member; where it is an optional, the next step starts at its value
  };
  std::span<const Step> steps = {};

  constexpr bool empty() const noexcept { return steps.empty(); }
};

/// A piece of a topic with placeholders: text, then a value unless it is the last piece.
struct TopicPart {
  std::string_view text;
  std::string_view placeholder;  ///< the path as written between the braces
  Path value;                    ///< empty: none
};

/// An event: everything the framework knows of T beyond its C++ type.
struct EventType {
  std::string_view name;   ///< the C++ name of the struct
  std::string_view topic;  ///< as written, placeholders included
  std::string_view type;
  const TypeTable* body;
  Path key;                                ///< partition_by; empty: the event has no key
  std::span<const TopicPart> topic_parts;  ///< empty: the topic is plain text
  const WireForm* wire;                    ///< null: the event says nothing of its wire form
};

/// The table of a struct described with DISPYTCH_STRUCT or DISPYTCH_EVENT. Any thread; costs nothing.
template <class T>
const TypeTable& type_table() noexcept;

/// The description of an event. Any thread; costs nothing.
template <class T>
const EventType& event_type() noexcept;

}  // namespace dispytch::detail
