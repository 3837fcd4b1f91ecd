// The partitions assigned to a consumer, and what was settled of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"
#include "leader_epochs.hpp"
#include "signal.hpp"

namespace dispytch::kafka {

/// One partition, from its assignment to its revocation. The polling thread's, but for what says otherwise.
struct Source {
  Source(rd_kafka_t* client, std::string topic_name, std::int32_t partition_number, std::uint32_t source_id, Signal& signal);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string topic;
  const std::int32_t partition;
  const std::uint32_t id;            ///< DISPYTCH_SOURCE(slot, generation)
  Signal& wake_up;                   ///< set when something has come into `queue`
  std::atomic<bool> arrived = true;  ///< something may have; set by librdkafka's threads. True at first: librdkafka leaves things behind
  const TopicHandle topic_handle;
  const WatchedQueue queue;  ///< what librdkafka prefetches of the partition, unless it is forwarded

  std::optional<std::int64_t> start;  ///< where the host wants to begin; else at the stored position
  std::optional<std::int64_t> next;   ///< the offset after the last message that was taken from librdkafka
  bool started = false;               ///< librdkafka fetches it
  bool withheld = false;              ///< by the host
  bool joined = false;                ///< its queue is forwarded to that which all share
  std::deque<MessageHandle> held;     ///< taken from librdkafka, but not to be delivered yet; older than what is in `queue`

  std::int64_t newest = -1;    ///< the highest offset delivered; guarded by Sources' mutex
  std::int64_t settled = -1;   ///< up to here all is; guarded by Sources' mutex
  std::int64_t unsynced = -1;  ///< the same, where the broker hasn't confirmed its commit; -1: it has. Guarded by Sources' mutex
  std::int32_t unsynced_epoch = kNoEpoch;  ///< that message's; guarded by Sources' mutex
  LeaderEpochs epochs;                     ///< of what was delivered and isn't settled; guarded by Sources' mutex

 private:
  static void on_arrival(rd_kafka_t*, void* source);
};

/// What a batch is about to deliver of one source and one leader: the offsets of the first and the last message.
struct Delivered {
  Source* source = nullptr;
  std::int64_t first = 0, last = 0;
  std::int32_t epoch = kNoEpoch;
};

/// All of them. add, remove, find, all and delivered: the polling thread; settle: any.
class Sources {
 public:
  /// Throws Exception where there are too many.
  Source& add(rd_kafka_t* client, std::string topic, std::int32_t partition, Signal& wake_up);
  /// From here on its tokens are stale: nothing of it is committed any more.
  void remove(Source& source);
  Source* find(std::string_view topic, std::int32_t partition) const noexcept;
  Source* find(std::uint32_t id) const noexcept;
  const std::vector<Source*>& all() const noexcept { return all_; }

  /// Notes what tokens there will be.
  void delivered(const std::vector<Delivered>& runs);

  /// The next commit is about the position after that message, at the least. False where the token is stale, or settled already.
  bool settle(std::uint64_t token);

  /// The positions after what was settled since synced() was told of them; empty: none. Any thread.
  PartitionsHandle unsynced() const;
  /// The broker has these. Any thread.
  void synced(const rd_kafka_topic_partition_list_t& positions);

 private:
  struct Slot {
    std::unique_ptr<Source> source;
    std::uint32_t generation = 0;
  };
  Source* find_held(std::uint32_t id) const noexcept DISPYTCH_REQUIRES(mutex_);

  mutable plugin::Mutex mutex_;  // also of newest, settled, unsynced, its epoch and epochs of every Source
  std::vector<Slot> slots_ DISPYTCH_GUARDED_BY(mutex_);
  std::deque<std::uint32_t> free_
      DISPYTCH_GUARDED_BY(mutex_);  // the one longest free is taken first: its generation lasts longest that way
  std::vector<Source*> all_;        // the polling thread's
};

}  // namespace dispytch::kafka
