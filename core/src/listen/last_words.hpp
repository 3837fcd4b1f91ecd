// What a listener says at its end.
#pragma once

#include <cstdint>
#include <string>

#include "listen/counters.hpp"

namespace dispytch::listen {

/// Remembers what there was to do when the drain began, so that what was left of it can be told. One thread.
class LastWords {
 public:
  explicit LastWords(bool at_most_once) noexcept : at_most_once_{at_most_once} {}

  /// Notes the beginning of the drain.
  void begin(const Counters& counters);
  /// Returns "stopped: 7 handled, ...", with what was left unfinished.
  std::string text(const Counters& counters) const;

 private:
  std::string left(const Counters& counters) const;

  bool at_most_once_;
  std::uint64_t unfinished_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t waiting_ = 0;
};

}  // namespace dispytch::listen
