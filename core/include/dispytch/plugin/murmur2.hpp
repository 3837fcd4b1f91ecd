// The hash that places keys: murmur2 as the default partitioner of Kafka uses it, so that every backend with partitions puts a key alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dispytch::plugin {

/// MurmurHash2 (Austin Appleby, public domain), 32 bits, with the seed of Kafka's clients, 0x9747b28c; words are little-endian.
constexpr std::uint32_t murmur2(std::string_view key) noexcept {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const auto byte = [key](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(key[at])}; };

  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(key.size());
  std::size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    std::uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (at < key.size()) {
    for (std::size_t i = key.size(); i > at; --i) hash ^= byte(i - 1) << 8 * (i - 1 - at);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

/// The partition of a key among `count`: the sign bit is cleared, not folded, as Kafka's clients do.
constexpr std::int32_t partition_of(std::string_view key, std::int32_t count) noexcept {
  return static_cast<std::int32_t>(murmur2(key) & 0x7fffffff) % count;
}

}  // namespace dispytch::plugin
