// Commands in the form in which they go to the server.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dispytch::redis {

/// Writes commands, one behind the other, into one string of bytes: hiredis would copy each once more. Each begins with the number of its
/// words, which must come to that.
class CommandWriter {
 public:
  explicit CommandWriter(std::string& out) noexcept : out_{out} {}

  CommandWriter& begin(std::size_t words) {
    mark('*', words);
    return *this;
  }
  CommandWriter& word(std::string_view bytes) {
    mark('$', bytes.size());
    out_.append(bytes).append("\r\n");
    return *this;
  }
  /// A word of two parts, without putting them together first.
  CommandWriter& word(std::string_view first, std::string_view second) {
    mark('$', first.size() + second.size());
    out_.append(first).append(second).append("\r\n");
    return *this;
  }
  template <std::integral Number>
  CommandWriter& word(Number number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    return word(std::string_view{digits, static_cast<std::size_t>(end.ptr - digits)});
  }

 private:
  void mark(char kind, std::size_t count) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, count);
    out_ += kind;
    out_.append(digits, end.ptr).append("\r\n");
  }
  std::string& out_;
};

/// Returns one command of words that are all at hand.
inline std::string command(std::initializer_list<std::string_view> words) {
  std::string out;
  CommandWriter writer{out};
  writer.begin(words.size());
  for (const std::string_view word : words) writer.word(word);
  return out;
}

}  // namespace dispytch::redis
