// The bytes of a config file as text: whether they are any, and where in it a byte stands.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace dispytch::config {

/// Turns byte offsets into lines and columns; a column counts characters, not bytes. Keeps a view of the text.
class Lines {
 public:
  explicit Lines(std::string_view text);
  Position position(std::size_t offset) const;
  /// The whole line that the byte stands in, without its end.
  std::string_view line(std::size_t offset) const;

 private:
  std::size_t line_index(std::size_t offset) const;
  std::size_t characters_before(std::size_t offset) const;
  std::string_view text_;
  std::vector<std::size_t> starts_;      // of the lines
  std::vector<std::size_t> characters_;  // before each block of the text, so that long lines cost no more than short ones
};

struct TextError {
  std::size_t offset = 0;
  std::string text = {};
};

/// The first byte that has no place in a text file: not UTF-8, a control character, another encoding. nullopt: it is text.
std::optional<TextError> find_text_error(std::string_view bytes);

/// Cuts a UTF-8 byte order mark.
std::string_view without_byte_order_mark(std::string_view bytes) noexcept;

}  // namespace dispytch::config
