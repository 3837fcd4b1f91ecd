// The id of a stream's entry: a time and a number within it.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace dispytch::redis {

/// `1700000000000-5`, as XADD returns it and XRANGE takes it. Ids of a stream rise.
struct EntryId {
  std::uint64_t ms = 0;   ///< since 1970, unless whoever wrote the entry chose the id
  std::uint64_t seq = 0;  ///< among those of the same millisecond

  friend auto operator<=>(const EntryId&, const EntryId&) = default;

  /// Returns nothing where the text is no id with both parts.
  static std::optional<EntryId> parse(std::string_view text) noexcept {
    EntryId id;
    const char* const end = text.data() + text.size();
    const auto ms = std::from_chars(text.data(), end, id.ms);
    if (ms.ec != std::errc{} || ms.ptr == end || *ms.ptr != '-') return std::nullopt;
    const auto seq = std::from_chars(ms.ptr + 1, end, id.seq);
    if (seq.ec != std::errc{} || seq.ptr != end) return std::nullopt;
    return id;
  }
  std::string text() const { return std::to_string(ms) + "-" + std::to_string(seq); }

  /// Returns the least id that is greater.
  EntryId next() const noexcept { return seq == std::numeric_limits<std::uint64_t>::max() ? EntryId{ms + 1, 0} : EntryId{ms, seq + 1}; }

  /// An id as one number, in the same order, for the offsets of the plugin interface: 42 bits of time, until the year 2109, and 21 bits
  /// behind. Nothing for an id that doesn't fit, which only other writers choose.
  static constexpr unsigned kSeqBits = 21;
  std::optional<std::int64_t> offset() const noexcept {
    if (ms >> (63 - kSeqBits) != 0 || seq >> kSeqBits != 0) return std::nullopt;
    return static_cast<std::int64_t>(ms << kSeqBits | seq);
  }
  /// The id of an offset; of a negative one the first there can be.
  static EntryId at(std::int64_t offset) noexcept {
    if (offset < 0) return {};
    const auto bits = static_cast<std::uint64_t>(offset);
    return {bits >> kSeqBits, bits & ((std::uint64_t{1} << kSeqBits) - 1)};
  }
};

}  // namespace dispytch::redis
