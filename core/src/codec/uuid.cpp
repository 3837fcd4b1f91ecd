#include "codec/uuid.hpp"

#include <bit>
#include <cstdint>
#include <random>

namespace dispytch::codec {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): spreads a seed over a generator's state.
std::uint64_t split_mix(std::uint64_t& state) noexcept {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

UuidSource::UuidSource() {
  std::random_device device;  // all 256 bits of the state: 64 of a seed would make two processes meet too soon
  for (std::uint64_t& word : state_) word = std::uint64_t{device()} << 32 | device();
  state_[0] |= 1;  // the one state that the generator can't leave is all zeros
}

UuidSource::UuidSource(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : state_) word = split_mix(seed);
}

/// xoshiro256** (Blackman and Vigna 2018).
std::uint64_t UuidSource::next() noexcept {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

Uuid UuidSource::make(std::int64_t unix_ms) noexcept {
  const std::uint64_t high = static_cast<std::uint64_t>(unix_ms) << 16 | 0x7000 | (next() & 0x0fff);
  const std::uint64_t low = (next() & 0x3fffffffffffffff) | 0x8000000000000000;
  static constexpr char kDigits[] = "0123456789abcdef";
  Uuid uuid;
  char* out = uuid.text_.data();
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    const std::uint64_t byte = (i < 8 ? high >> (56 - 8 * i) : low >> (120 - 8 * i)) & 0xff;
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 0xf];
  }
  return uuid;
}

Uuid make_uuid(std::int64_t unix_ms) noexcept {
  thread_local UuidSource source;
  return source.make(unix_ms);
}

}  // namespace dispytch::codec
