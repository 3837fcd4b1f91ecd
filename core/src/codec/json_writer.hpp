// Writes values as JSON, straight into a string's memory.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <dispytch/detail/type_table.hpp>

namespace dispytch::codec {

/// Appends to a string. Until finish(), the string's size is beyond its content. After a `false`, failure() says why, and the string is to
/// be given up by abandon().
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_{out}, start_{out.size()} {
    out_.resize(start_ + 512);  // most events; what is resized is zeroed first, so no more than that
    at_ = out_.data() + start_;
    end_ = out_.data() + out_.size();
  }

  /// What can't be written, and where: a JSON pointer from the value that was given first.
  struct Failure {
    std::string pointer = {};
    std::string reason = {};
  };
  const Failure& failure() const noexcept { return failure_; }

  void finish() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }
  void abandon() { out_.resize(start_); }

  void raw(std::string_view text) {
    reserve(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void raw(char c) {
    reserve(1);
    *at_++ = c;
  }
  template <std::integral T>
  void integer(T value) {
    reserve(20);
    at_ = std::to_chars(at_, at_ + 20, value).ptr;
  }

  /// A string with its quotes. false: it is no UTF-8.
  bool string(std::string_view text);

  /// A value of a described type; `depth`: how many objects and arrays of the body are open around it.
  bool value(detail::Kind kind, const detail::ValueType& type, const void* at, int depth);

  /// A field that is no member of the struct, written before them; none where its name is empty.
  struct Tag {
    std::string_view field = {};
    std::string_view value = {};
  };
  bool structure(const detail::TypeTable& table, const void* at, const Tag& tag, int depth);

 private:
  template <class T>
  bool floating(T value);
  bool enumeration(const detail::EnumType& type, const void* at);
  bool rfc3339(std::int64_t ticks, std::int64_t ticks_per_second);
  bool unix_ms(std::int64_t ticks, std::int64_t ticks_per_second);
  bool sequence(const detail::SequenceType& type, const void* at, int depth);
  bool map(const detail::MapType& type, const void* at, int depth);
  bool variant(const detail::VariantType& type, const void* at, int depth);
  bool json(const nlohmann::json& value, int depth);

  bool open(char bracket, int depth);
  void escaped(std::string_view text);
  bool fail(std::string reason);
  bool within(std::string_view name);  ///< prepends a step to the failure's pointer; false
  bool within(std::size_t index);
  void reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void grow(std::size_t bytes);

  std::string& out_;
  std::size_t start_;
  char* at_;
  char* end_;
  Failure failure_;
};

}  // namespace dispytch::codec
