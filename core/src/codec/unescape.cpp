#include "codec/unescape.hpp"

#include <optional>

namespace dispytch::codec {
namespace {

/// The number that four hexadecimal digits at the start of `raw` write.
std::optional<char32_t> hex4(std::string_view raw) noexcept {
  if (raw.size() < 4) return std::nullopt;
  char32_t value = 0;
  for (const char c : raw.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

void append_utf8(char32_t c, std::string& out) {
  const auto byte = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (c < 0x80) {
    byte(c);
    return;
  }
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      byte(0xE0 | c >> 12);
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
    }
    byte(0x80 | (c >> 6 & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

/// Appends what the escape at the start of `raw`, behind its `\u`, means, and takes it away.
bool append_unicode(std::string_view& raw, std::string& out) {
  auto c = hex4(raw);
  if (!c || (*c >= 0xDC00 && *c <= 0xDFFF)) return false;
  raw.remove_prefix(4);
  if (*c >= 0xD800 && *c <= 0xDBFF) {
    if (!raw.starts_with("\\u")) return false;
    const auto low = hex4(raw.substr(2));
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
    raw.remove_prefix(6);
    c = 0x10000 + ((*c - 0xD800) << 10) + (*low - 0xDC00);
  }
  append_utf8(*c, out);
  return true;
}

}  // namespace

bool unescape(std::string_view raw, std::string& out) {
  out.clear();
  for (;;) {
    const std::size_t backslash = raw.find('\\');
    out.append(raw.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    if (backslash + 1 == raw.size()) return false;
    const char c = raw[backslash + 1];
    raw.remove_prefix(backslash + 2);
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u':
        if (!append_unicode(raw, out)) return false;
        break;
      default: return false;
    }
  }
}

}  // namespace dispytch::codec
