// A received event: its body and everything that came with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/message.hpp>

namespace dispytch {

/// What a handler takes that wants more than the body. Everything is owned: it may be kept.
template <class T>
struct Event {
  std::string id = {};  ///< as the producer wrote it; empty where the wire form has none
  std::string type = {};
  std::string topic = {};
  Timestamp timestamp = {};             ///< when it was emitted; else the broker's; else 0
  Headers headers = {};                 ///< in the order of the wire, names may repeat
  std::optional<std::string> key = {};  ///< an empty key is a key
  std::int32_t partition = -1;          ///< -1: the broker has no partitions
  std::int64_t offset = -1;             ///< -1: the broker has no integer positions
  std::uint32_t attempt = 1;            ///< 1: this is the first try
  T body = {};
};

}  // namespace dispytch
