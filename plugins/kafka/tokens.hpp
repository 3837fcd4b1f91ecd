// The tokens that a consumer gives to messages and events.
//
// A message's: 16 bits slot of its source, 12 bits generation of the slot, the low 36 bits of its offset. The offset's high bits are those
// of the newest message delivered from the source, since nothing unsettled lies 2^36 behind that. An event's: the slot that no source has,
// then a running number.
#pragma once

#include <cstdint>

#include <dispytch/plugin/abi.h>

namespace dispytch::kafka {

inline constexpr std::uint32_t kMaxSources = 0xffff;  ///< slots of sources are below
inline constexpr std::uint32_t kMaxGeneration = 0xfff;
inline constexpr int kOffsetBits = 36;
inline constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;

/// The token of offset 0 of that source; a message's has its offset's low bits added. Never 0, as generations begin with 1.
constexpr std::uint64_t token_base(std::uint32_t source) noexcept {
  return std::uint64_t{DISPYTCH_SOURCE_SLOT(source)} << 48 | std::uint64_t{DISPYTCH_SOURCE_GENERATION(source)} << kOffsetBits;
}
constexpr std::uint64_t message_token(std::uint64_t base, std::int64_t offset) noexcept {
  return base | (static_cast<std::uint64_t>(offset) & kOffsetMask);
}
constexpr std::uint64_t event_token(std::uint64_t number) noexcept { return std::uint64_t{kMaxSources} << 48 | number; }

constexpr bool is_event(std::uint64_t token) noexcept { return token >> 48 == kMaxSources; }
constexpr std::uint32_t source_of(std::uint64_t token) noexcept {
  return DISPYTCH_SOURCE(token >> 48, (token >> kOffsetBits) & kMaxGeneration);
}
/// The offset of the message with that token. `newest`: the highest offset delivered from its source.
constexpr std::int64_t offset_of(std::uint64_t token, std::int64_t newest) noexcept {
  return newest - static_cast<std::int64_t>((static_cast<std::uint64_t>(newest) - token) & kOffsetMask);
}

}  // namespace dispytch::kafka
