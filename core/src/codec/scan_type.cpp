// The early-exit scan for an event's type: as far as the field, and not a byte further.
#include <cstdint>
#include <cstring>

#include "codec/json_codec.hpp"

namespace dispytch::codec {
namespace {

/// Goes through JSON text that is taken to be valid; of other text it makes no more than a wrong answer.
class Scan {
 public:
  explicit Scan(std::string_view text) noexcept : at_{text.data()}, end_{text.data() + text.size()} {}

  bool take(char c) noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  /// A string without its quotes. false: there is none, or it has escapes.
  bool plain_string(std::string_view& text) noexcept {
    if (!take('"')) return false;
    const char* const start = at_;
    find_quote_or_backslash();
    if (at_ == end_ || *at_ == '\\') return false;
    text = {start, static_cast<std::size_t>(at_ - start)};
    ++at_;
    return true;
  }

  bool skip_value() noexcept {
    int depth = 0;
    for (; at_ != end_; ++at_) {
      switch (*at_) {
        case '"':
          if (!skip_string()) return false;
          if (depth == 0) return true;
          --at_;
          break;
        case '{':
        case '[': ++depth; break;
        case '}':
        case ']':
          if (depth == 0) return true;  // the end of the object around a number or literal
          if (--depth == 0) return ++at_, true;
          break;
        case ',':
          if (depth == 0) return true;
          break;
        default: break;
      }
    }
    return false;
  }

 private:
  void find_quote_or_backslash() noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const auto zero_byte = [](std::uint64_t word) { return (word - kOnes) & ~word & (kOnes * 0x80); };
    for (; end_ - at_ >= 8; at_ += 8) {
      std::uint64_t word;
      std::memcpy(&word, at_, 8);
      if ((zero_byte(word ^ kOnes * '"') | zero_byte(word ^ kOnes * '\\')) != 0) break;
    }
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
  }

  bool skip_string() noexcept {
    for (++at_;; at_ += 2) {
      find_quote_or_backslash();
      if (at_ == end_) return false;
      if (*at_ == '"') return ++at_, true;
      if (end_ - at_ < 2) return false;
    }
  }

  const char* at_;
  const char* end_;
};

}  // namespace

std::optional<std::string_view> scan_type(std::string_view payload, const WireForm& form) {
  const bool envelope = form.layout == WireForm::Layout::envelope;
  if (!envelope && form.type_from == WireForm::TypeFrom::fixed) return form.name;
  if (!envelope && form.type_from != WireForm::TypeFrom::field) return std::nullopt;
  const std::string_view wanted = envelope ? std::string_view{"type"} : std::string_view{form.name};
  Scan scan{payload};
  if (!scan.take('{')) return std::nullopt;
  do {
    std::string_view text;
    if (!scan.plain_string(text) || !scan.take(':')) return std::nullopt;
    if (text == wanted) return scan.plain_string(text) ? std::optional{text} : std::nullopt;
    if (!scan.skip_value()) return std::nullopt;
  } while (scan.take(','));
  return std::nullopt;
}

}  // namespace dispytch::codec
