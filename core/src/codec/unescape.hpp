// The text of JSON strings.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dispytch::codec {

/// Whether a string has escapes. `raw` is what stands between its quotes, in a buffer of which 7 bytes more may be read.
inline bool has_backslash(std::string_view raw) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  for (std::size_t i = 0; i < raw.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, raw.data() + i, 8);
    word ^= kOnes * '\\';
    if (raw.size() - i < 8) word |= ~std::uint64_t{0} << (8 * (raw.size() - i));
    if (((word - kOnes) & ~word & (kOnes * 0x80)) != 0) return true;
  }
  return false;
}

/// Replaces the content of `out`. false: an escape that JSON doesn't have, or half of a surrogate pair.
bool unescape(std::string_view raw, std::string& out);

}  // namespace dispytch::codec
