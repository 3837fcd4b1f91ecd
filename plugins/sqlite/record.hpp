// A message as the file keeps it: key, payload, headers in one blob, the application's id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/message.hpp>

#include "database.hpp"

namespace dispytch::sqlite {

/// The headers as one blob: of each the length of its name, the name, and its value's length + 1, or 0 where the value is absent, and the
/// value; lengths in 4 bytes, the low one first. Empty where there are none.
std::string encode_headers(std::span<const dispytch_header> headers);
/// Views into the blob. Throws Failure where it is cut off.
std::vector<dispytch_header> decode_headers(std::string_view blob);

/// An outbound message, copied.
class Record {
 public:
  explicit Record(const plugin::MessageView& message);

  std::optional<std::string_view> key() const noexcept { return part(0); }
  std::optional<std::string_view> payload() const noexcept { return part(1); }
  std::optional<std::string_view> headers() const noexcept { return part(2); }
  std::optional<std::string_view> id() const noexcept { return part(3); }
  /// Of key, payload and headers.
  std::size_t size() const noexcept { return size_; }

  std::optional<std::int64_t> timestamp_ms = {};
  std::optional<std::int64_t> deliver_at_ms = {};
  std::optional<std::int32_t> partition = {};

 private:
  struct Part {
    std::size_t begin = 0, length = 0;
    bool is_there = false;
  };
  std::optional<std::string_view> part(std::size_t index) const noexcept {
    const Part& part = parts_[index];
    return part.is_there ? std::optional{std::string_view{bytes_}.substr(part.begin, part.length)} : std::nullopt;
  }

  std::string bytes_;
  Part parts_[4];
  std::size_t size_ = 0;
};

}  // namespace dispytch::sqlite
