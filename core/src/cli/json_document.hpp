// JSON as somebody has written it: numbers with their own digits, every key, equal ones too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace dispytch::cli {

/// Reads a text as RFC 8259 has it, and keeps where each value stands. Views the text. One thread; keeps its buffers from text to text.
class JsonDocument {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  struct Value {
    Kind kind = Kind::null;
    std::string_view raw = {};  ///< the value's own bytes
    std::string name = {};      ///< of a member of an object, without its escapes
    std::size_t name_at = 0;    ///< byte of the text where the name stands
    std::size_t behind = 0;     ///< for JsonDocument: the index behind all that is in it
  };

  /// Why a text is no JSON.
  struct Problem {
    std::size_t byte = 0;       ///< of the text; its size where it ends too early
    std::string expected = {};  ///< "`,` or `}`"
  };

  /// An object that has one key twice.
  struct Repeated {
    std::size_t byte = 0;      ///< of the second one
    std::string pointer = {};  ///< JSON pointer to both
  };

  /// Reads a text, which must outlive what is asked of it. Nothing: it is JSON.
  std::optional<Problem> read(std::string_view text);

  /// The functions below are for a text that is JSON; what they take belongs to this document.
  const Value& root() const noexcept { return values_.front(); }
  /// Returns what is in an array or an object, in the order of the text; nothing for another value.
  std::vector<const Value*> children(const Value& value) const;
  /// Returns the members of that name, of which there may be several.
  std::vector<const Value*> members(const Value& object, std::string_view name) const;
  /// Returns the member of that name where there is exactly one.
  const Value* member(const Value& object, std::string_view name) const;
  /// Returns the value that a JSON pointer (RFC 6901) leads to from `value`; null: there is none.
  const Value* at_pointer(const Value& value, std::string_view pointer) const;
  /// Returns the first key that stands twice in one object.
  std::optional<Repeated> repeated() const;

 private:
  class Parser;
  std::optional<Repeated> repeated_in(std::size_t index) const;
  std::size_t index_of(const Value& value) const noexcept { return static_cast<std::size_t>(&value - values_.data()); }

  std::string_view text_ = {};
  std::vector<Value> values_ = {};  // in the order of the text
};

/// Returns what a string says, without its quotes and escapes.
std::string string_value(const JsonDocument::Value& string);
/// Returns a value without white space, else byte by byte as it is written.
std::string compact(const JsonDocument::Value& value);
/// Returns a value with a line for each part, each two spaces further in than what holds it.
std::string indented(const JsonDocument::Value& value);

/// Returns JSON of our own making as text that is valid UTF-8 whatever bytes its strings have: what is no UTF-8 stands as the text \xff,
/// what is invisible as JSON's own escapes. `indent`: spaces; -1: all in one line.
std::string json_text(nlohmann::ordered_json json, int indent = -1);

}  // namespace dispytch::cli
