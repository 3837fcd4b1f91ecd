// How far the messages had come that were given back to the broker for a while: it keeps the number of their attempts at most.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <dispytch/plugin/abi.h>

#include "lane/lanes.hpp"

namespace dispytch::listen {

/// Bounded: beyond `most` the oldest is forgotten, and so is everything with the process. What is forgotten goes on with the attempts that
/// the broker carried, or else begins anew. The owner of the listener's state.
class Requeued {
 public:
  /// What tells a message from all others: its offset, or else the broker's id.
  struct Key {
    const lane::Place* place = nullptr;
    std::int64_t offset = -1;
    std::string id = {};
    auto operator<=>(const Key&) const = default;
  };
  /// nullopt: the broker tells it from others by nothing.
  static std::optional<Key> key_of(const lane::Place& place, const dispytch_message& raw);

  struct Progress {
    std::uint32_t attempts = 0;             ///< that failed, of the handler that is to go on
    std::uint16_t next_target = 0;          ///< that handler: those before it ended well
    std::chrono::nanoseconds first_seen{};  ///< monotonic
  };

  explicit Requeued(std::size_t most) noexcept : most_{most} {}
  bool empty() const noexcept { return by_key_.empty(); }
  std::size_t size() const noexcept { return by_key_.size(); }
  void remember(Key key, Progress progress);
  /// And forgets it: it is the message's again.
  std::optional<Progress> recall(const Key& key);

 private:
  struct Entry {
    Progress progress;
    std::uint64_t number;  // in by_age_
  };
  const std::size_t most_;
  std::uint64_t last_number_ = 0;
  std::map<Key, Entry> by_key_;
  std::map<std::uint64_t, Key> by_age_;
};

}  // namespace dispytch::listen
