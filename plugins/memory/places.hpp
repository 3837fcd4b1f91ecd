// Finds places in a partition's log.
#pragma once

#include <cstdint>

#include "partition.hpp"

namespace dispytch::memory {

/// The offset of the first message of that time or later, in ms since 1970; the end where there is none. Under the broker's mutex. Times
/// need not rise with the offset: an emitter may say its own.
inline std::int64_t first_since(const Partition& partition, std::int64_t time_ms) noexcept {
  std::int64_t offset = partition.start();
  while (offset < partition.end() && partition.at(offset).view.timestamp_ms < time_ms) ++offset;
  return offset;
}

}  // namespace dispytch::memory
