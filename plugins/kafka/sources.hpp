// The partitions assigned to a consumer, and what was settled of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"
#include "leader_epochs.hpp"
#include "progress.hpp"
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

  std::optional<std::int64_t> start;  ///< where the host wants to begin; else at the group's position
  std::optional<std::int64_t> next;   ///< of the next message to be taken from librdkafka, at the least; nothing before it is assigned
  bool started = false;               ///< librdkafka fetches it
  bool flowing = false;               ///< a message was taken since it was started: librdkafka forwards its queue by now as it is told to
  bool withheld = false;              ///< by the host
  bool joined = false;                ///< its queue is forwarded to that which all share
  std::deque<MessageHandle> held;     ///< taken from librdkafka, but not to be delivered yet; older than what is in `queue`

  Progress progress;                  ///< guarded by Sources' mutex
  std::string metadata;               ///< of each commit; guarded by Sources' mutex
  std::uint32_t token_id;             ///< `id`, or a later generation of it; guarded by Sources' mutex, written by the polling thread
  std::atomic<bool> storing = false;  ///< where the group goes on is being committed; nothing is delivered before

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
  /// `stores` false: nothing of it is ever to be committed.
  explicit Sources(bool stores = true) noexcept : stores_{stores} {}

  /// Throws Exception where there are too many.
  Source& add(rd_kafka_t* client, std::string topic, std::int32_t partition, Signal& wake_up);
  /// From here on its tokens are stale: nothing of it is committed any more.
  void remove(Source& source);
  /// Says where it goes on. `to_store`: the group has no such position yet; what is before it isn't to be had any more.
  void place(Source& source, std::int64_t offset, std::string metadata, bool to_store);
  /// Its offsets begin anew: tokens so far are stale, and nothing that was settled so far is committed.
  void rewind(Source& source);
  Source* find(std::string_view topic, std::int32_t partition) const noexcept;
  Source* find(std::uint32_t id) const noexcept;
  const std::vector<Source*>& all() const noexcept { return all_; }

  /// A partition and the source that reads it.
  struct Named {
    std::uint32_t id = 0;
    std::string topic = {};
    std::int32_t partition = 0;
  };
  /// Returns those that are placed. Any thread.
  std::vector<Named> named() const;
  /// Notes where the log of a source ends, as the broker said at `when`. Any thread.
  void log_ends(std::uint32_t id, std::int64_t offset, std::chrono::steady_clock::time_point when);
  /// Notes that a reader has got all that there is before `offset`.
  void reached_end(Source& source, std::int64_t offset);
  /// Returns how far each source is behind, where the broker has said so within the last `patience`. Any thread.
  std::vector<plugin::Lag> lag(std::chrono::steady_clock::time_point now, std::chrono::milliseconds patience) const;

  /// Notes what tokens there will be.
  void delivered(const std::vector<Delivered>& runs);

  /// The next commit is about the position after that message, at the least. False where the token is stale, or settled already.
  bool settle(std::uint64_t token);

  /// The positions to commit that committed() wasn't told of; empty: none. Any thread.
  PartitionsHandle uncommitted() const;
  /// The broker has this one. Any thread.
  void committed(const rd_kafka_topic_partition_t& position);
  /// The position is given up: the broker has no such partition any more. Any thread.
  void abandon(const rd_kafka_topic_partition_t& position);
  /// Whether some source waits for its first position to be stored. Any thread.
  bool storing() const noexcept { return storing_ > 0; }
  /// Whether any position in that topic was stored by this consumer, or found stored. Any thread.
  bool has_stored(const std::string& topic) const;

 private:
  const bool stores_;

  struct Slot {
    std::unique_ptr<Source> source;
    std::uint32_t generation = 0;  // the last one given out

    std::uint32_t next_generation() noexcept;
  };
  Source* find_held(std::uint32_t id) const noexcept DISPYTCH_REQUIRES(mutex_);
  Source* find_token(std::uint32_t id) const noexcept DISPYTCH_REQUIRES(mutex_);
  void set_storing(Source& source, bool storing) DISPYTCH_REQUIRES(mutex_);

  // Guards slots_ against changes, which the polling thread alone makes, and of every Source what says so; and stored_.
  mutable plugin::Mutex mutex_;
  std::vector<Slot> slots_ DISPYTCH_GUARDED_BY(mutex_);
  std::deque<std::uint32_t> free_
      DISPYTCH_GUARDED_BY(mutex_);                            // the one longest free is taken first: its generation lasts longest that way
  std::vector<Source*> all_;                                  // the polling thread's
  std::set<std::string> stored_ DISPYTCH_GUARDED_BY(mutex_);  // topics
  std::atomic<int> storing_ = 0;                              // sources
};

}  // namespace dispytch::kafka
