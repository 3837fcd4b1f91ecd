// The tokens that a consumer gives to messages and events.
//
// A message's: 16 bits slot of its source, 12 bits serial number of the slot, the low 36 bits of its offset. The serial changes whenever
// the slot is another source's, or is read from another place. The offset's high bits are those of the newest message delivered, since
// nothing unsettled lies 2^36 behind that. An event's: the slot that no source has, then a running number.
#pragma once

#include <cstdint>

namespace dispytch::sqlite {

inline constexpr std::uint32_t kMaxSources = 0xffff;  ///< slots of sources are below
inline constexpr std::uint32_t kMaxSerial = 0xfff;
inline constexpr int kTokenOffsetBits = 36;
inline constexpr std::uint64_t kTokenOffsetMask = (std::uint64_t{1} << kTokenOffsetBits) - 1;

/// The serial that follows; never 0, so that no token is.
constexpr std::uint32_t next_serial(std::uint32_t serial) noexcept { return serial >= kMaxSerial ? 1 : serial + 1; }
/// The token of offset 0; a message's has its offset's low bits added.
constexpr std::uint64_t token_base(std::uint32_t slot, std::uint32_t serial) noexcept {
  return std::uint64_t{slot} << 48 | std::uint64_t{serial} << kTokenOffsetBits;
}
constexpr std::uint64_t message_token(std::uint64_t base, std::int64_t offset) noexcept {
  return base | (static_cast<std::uint64_t>(offset) & kTokenOffsetMask);
}
constexpr std::uint64_t event_token(std::uint64_t number) noexcept { return std::uint64_t{kMaxSources} << 48 | number; }

constexpr bool is_event(std::uint64_t token) noexcept { return token >> 48 == kMaxSources; }
constexpr std::uint32_t slot_of(std::uint64_t token) noexcept { return static_cast<std::uint32_t>(token >> 48); }
constexpr std::uint32_t serial_of(std::uint64_t token) noexcept {
  return static_cast<std::uint32_t>(token >> kTokenOffsetBits) & kMaxSerial;
}
/// The offset of the message with that token. `newest`: the highest offset delivered from its source.
constexpr std::int64_t offset_of(std::uint64_t token, std::int64_t newest) noexcept {
  return newest - static_cast<std::int64_t>((static_cast<std::uint64_t>(newest) - token) & kTokenOffsetMask);
}

}  // namespace dispytch::sqlite
