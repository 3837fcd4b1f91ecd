// Reads JSON into described structs by their type tables, from token to token of a structural index. Every byte that it passes is checked:
// what it accepts is JSON, the fields that nobody asked for included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <dispytch/detail/type_table.hpp>

#include "codec/json_codec.hpp"
#include "codec/structural_index.hpp"

namespace dispytch::codec {

/// What reads, takes a cursor at the token where it begins and returns the one where it ended; null: error() says why.
class JsonReader {
 public:
  void start(std::string_view padded_payload) noexcept {
    text_ = padded_payload;
    has_escapes_ = padded_payload.find('\\') != std::string_view::npos;
  }

  Cursor structure(Cursor at, const detail::TypeTable& table, void* to, int depth) { return structure(at, table, to, false, depth); }
  Cursor integer(Cursor at, std::int64_t& to);
  /// `text`: in the payload, or in memory that the next call uses again.
  Cursor string(Cursor at, std::string_view& text);
  /// Checks a value that nobody asked for.
  Cursor skip(Cursor at, int depth);

  /// Goes through the fields of an object: each(key, at) is called with the cursor of each value and returns the one behind it, or null,
  /// which ends it.
  template <class F>
  Cursor for_each_field(Cursor at, F each);
  bool is_key(Cursor key, const detail::Key& words, std::string_view name) const noexcept;
  /// As string(), of the key of a field.
  bool key_text(Cursor key, std::string_view& text) { return string(key, text) != nullptr; }

  Cursor fail(Cursor at, std::string expected);  ///< found: what stands there
  Cursor fail(Cursor at, std::string expected, std::string found);
  Cursor fail_field(Cursor key);         ///< no name, or no colon behind it
  Cursor fail_twice(Cursor key);         ///< the field was there before
  Cursor within(std::string_view name);  ///< prepends a step to the error's pointer
  Cursor within_key(Cursor key);         ///< the same, of a field of the payload
  DecodeError& error() noexcept { return error_; }

  /// Of what string() gave: whether it lies in the payload.
  bool is_in_payload(std::string_view text) const noexcept { return text.data() != scratch_.data(); }

  const char* at(Cursor cursor) const noexcept { return text_.data() + *cursor; }

 private:
  Cursor structure(Cursor at, const detail::TypeTable& table, void* to, bool tagged, int depth);
  Cursor value(Cursor at, detail::Kind kind, const detail::ValueType& type, void* to, int depth);
  Cursor other_value(Cursor at, detail::Kind kind, const detail::ValueType& type, void* to, int depth);

  template <class T>
  Cursor number(Cursor at, void* to, detail::Kind kind);
  Cursor boolean(Cursor at, bool& to);
  Cursor string_member(Cursor at, std::string& to);
  Cursor enumeration(Cursor at, const detail::ValueType& type, void* to);
  Cursor rfc3339(Cursor at, const detail::ValueType& type, void* to);
  Cursor unix_ms(Cursor at, const detail::ValueType& type, void* to);
  Cursor map(Cursor at, const detail::MapType& type, void* to, int depth);
  Cursor variant(Cursor at, const detail::ValueType& type, void* to, int depth);
  Cursor json(Cursor at, nlohmann::json& to, int depth);

  template <class F>
  Cursor for_each_element(Cursor at, int depth, F each);
  Cursor enter(Cursor at, char bracket, int depth) {  ///< checks it, and the depth; the same cursor
    return *this->at(at) == bracket && depth < detail::kMaxDepth ? at : fail_enter(at, bracket);
  }
  Cursor fail_enter(Cursor at, char bracket);

  const detail::Field* find(const detail::TypeTable& table, Cursor key);  ///< behind the last where it is no member
  bool is_tag(Cursor key);
  Cursor other_field(Cursor key, int depth);
  Cursor missing(Cursor at, const detail::TypeTable& table, std::uint64_t seen);
  Cursor escaped_string(Cursor at, std::string_view& text);  ///< if it has escapes
  std::string_view token(Cursor at) const noexcept;          ///< without the white space behind it
  std::string_view raw_string(Cursor at) const noexcept;     ///< what stands between the quotes

  std::string_view text_ = {};
  bool has_escapes_ = false;  // anywhere: most payloads have none
  std::string scratch_ = {};
  DecodeError error_ = {};
};

inline bool JsonReader::is_key(Cursor key, const detail::Key& words, std::string_view name) const noexcept {
  const auto load = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  const char* const start = at(key) + 1;
  if ((load(start) & words.mask) != words.word) return false;
  if (name.size() < 8) return true;
  if (name.size() < 16) return load(start + name.size() - 7) == words.tail;
  return text_.substr(*key + std::size_t{1}).starts_with(name) && start[name.size()] == '"';
}

inline std::string_view JsonReader::token(Cursor at) const noexcept {
  const char* const start = this->at(at);
  const char* end = text_.data() + at[1];
  while (end > start && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t')) --end;
  return {start, static_cast<std::size_t>(end - start)};
}

inline std::string_view JsonReader::raw_string(Cursor at) const noexcept {
  const char* const start = this->at(at) + 1;
  const char* end = text_.data() + at[1] - 1;
  while (*end != '"') --end;  // the index knows that it ends, and that only white space follows
  return {start, static_cast<std::size_t>(end - start)};
}

inline Cursor JsonReader::string(Cursor at, std::string_view& text) {
  if (*this->at(at) != '"') return fail(at, "a string");
  text = raw_string(at);
  return has_escapes_ ? escaped_string(at, text) : at + 1;
}

template <class F>
Cursor JsonReader::for_each_field(Cursor at, F each) {
  if (*this->at(at) != '{') return fail(at, "an object");
  if (*this->at(++at) == '}') return at + 1;
  for (;; ++at) {
    if (*this->at(at) != '"' || *this->at(at + 1) != ':') return fail_field(at);
    at = each(at, at + 2);
    if (at == nullptr) return nullptr;
    if (*this->at(at) == '}') return at + 1;
    if (*this->at(at) != ',') return fail(at, "`,` or `}`");
  }
}

}  // namespace dispytch::codec
