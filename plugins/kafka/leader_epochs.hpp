// Which leader wrote what was delivered. A position that is committed with its leader's epoch is told from one that an unclean election
// has taken back: the client goes to where the logs part, instead of reading on in the middle of other messages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include <librdkafka/rdkafka.h>

namespace dispytch::kafka {

inline constexpr std::int32_t kNoEpoch = -1;

#if RD_KAFKA_VERSION >= 0x020100ff  // older ones keep no epochs
inline std::int32_t leader_epoch(const rd_kafka_message_t& message) noexcept { return rd_kafka_message_leader_epoch(&message); }
#else
constexpr std::int32_t leader_epoch(const rd_kafka_message_t&) noexcept { return kNoEpoch; }
#endif

/// The epochs of one source's messages, from the oldest that isn't settled on. There is one entry for each change of leader.
class LeaderEpochs {
 public:
  /// Messages from `offset` on are of that epoch. Where they come again, after a seek, what was known of them is forgotten.
  void begin(std::int64_t offset, std::int32_t epoch) {
    while (!changes_.empty() && changes_.back().offset >= offset) changes_.pop_back();
    if (epoch != (changes_.empty() ? kNoEpoch : changes_.back().epoch)) changes_.push_back({offset, epoch});
  }

  /// The epoch of a message that is being settled, kNoEpoch where it is unknown. Messages before it are forgotten.
  std::int32_t settle(std::int64_t offset) noexcept {
    while (changes_.size() > 1 && changes_[1].offset <= offset) changes_.pop_front();
    return changes_.empty() || changes_.front().offset > offset ? kNoEpoch : changes_.front().epoch;
  }

 private:
  struct Change {
    std::int64_t offset;
    std::int32_t epoch;
  };
  std::deque<Change> changes_;
};

}  // namespace dispytch::kafka
