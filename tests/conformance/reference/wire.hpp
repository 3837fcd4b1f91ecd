// What passes between the reference broker and its plugin: frames of a length and a JSON value in MessagePack, whose texts may hold any
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace dispytch::reference {

using Frame = nlohmann::json;

inline std::string encode(const Frame& frame) {
  std::string text(4, '\0');
  nlohmann::json::to_msgpack(frame, text);
  const auto length = static_cast<std::uint32_t>(text.size() - 4);
  for (int i = 0; i < 4; ++i) text[static_cast<std::size_t>(i)] = static_cast<char>(length >> (8 * i));
  return text;
}

/// Bytes as they come, taken out as frames.
class Decoder {
 public:
  void add(const char* bytes, std::size_t count) { bytes_.append(bytes, count); }
  /// The next whole frame. Throws nlohmann::json::exception where it is none.
  std::optional<Frame> next() {
    if (bytes_.size() < 4) return std::nullopt;
    std::uint32_t length = 0;
    for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes_[static_cast<std::size_t>(i)]);
    if (bytes_.size() - 4 < length) return std::nullopt;
    Frame frame = nlohmann::json::from_msgpack(bytes_.begin() + 4, bytes_.begin() + 4 + length);
    bytes_.erase(0, std::size_t{4} + length);
    return frame;
  }

 private:
  std::string bytes_ = {};
};

}  // namespace dispytch::reference
