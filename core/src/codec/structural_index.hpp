// A payload in a buffer of our own, and where its tokens begin: the first stage of simdjson (Langdale and Lemire 2019), which finds them
// with vector instructions and checks on the way that the payload is UTF-8 and that its strings end and hold no control characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace dispytch::codec {

/// A place in the index: what it points at is the offset of a token's first byte. Behind the last token stands the payload's size.
using Cursor = const std::uint32_t*;

class StructuralIndex {
 public:
  /// Bytes behind the payload that may be read; they are spaces.
  static constexpr std::size_t kPadding = 64;

  StructuralIndex();
  ~StructuralIndex();

  enum class Problem : std::uint8_t { none, empty, utf8, strings };

  /// Takes a copy. The buffers are kept for the next payload, unless this one was far beyond the usual.
  Problem build(std::string_view payload);

  std::string_view payload() const noexcept { return payload_; }
  Cursor begin() const noexcept;
  Cursor end() const noexcept;

 private:
  void reserve(std::size_t size);

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;  // without the padding
  std::string_view payload_ = {};
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
};

}  // namespace dispytch::codec
