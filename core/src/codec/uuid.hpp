// Identifiers for events: UUIDs of version 7 (RFC 9562), which begin with the time and so sort by it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dispytch::codec {

/// A UUID as text.
class Uuid {
 public:
  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  friend class UuidSource;
  std::array<char, 36> text_ = {};
};

/// Makes UUIDs from its own random sequence. Not for secrets: who sees a few can guess the next. One thread at a time.
class UuidSource {
 public:
  /// Seeded by the operating system.
  UuidSource();
  /// The same seed gives the same sequence.
  explicit UuidSource(std::uint64_t seed) noexcept;

  /// No lock, no system call.
  Uuid make(std::int64_t unix_ms) noexcept;

 private:
  std::uint64_t next() noexcept;
  std::array<std::uint64_t, 4> state_ = {};
};

/// From a source of the calling thread's own.
Uuid make_uuid(std::int64_t unix_ms) noexcept;

}  // namespace dispytch::codec
