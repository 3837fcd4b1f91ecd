// A topic as a consumer reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <dispytch/plugin/abi.h>

#include "records.hpp"

namespace dispytch::redis {

/// A stream, which is one source of the consumer. Immutable.
struct Stream {
  std::string topic;
  std::size_t slot;
  Records records;

  Stream(std::string its_topic, std::size_t its_slot, std::string_view group)
      : topic{std::move(its_topic)}, slot{its_slot}, records{topic, group} {}
  std::uint32_t source() const noexcept { return DISPYTCH_SOURCE(slot, 1); }
};

}  // namespace dispytch::redis
