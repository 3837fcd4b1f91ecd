// A broker of partitions with one consumer, behind the real plugin border: a test fills its logs, gives and takes partitions, and sees what
// was asked of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"

namespace dispytch::testing {

/// A message in a partition's log.
struct Logged {
  std::string topic = {};
  std::optional<std::string> key = {};
  std::optional<std::string> payload = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::uint32_t attempt = 0;                   ///< the broker's own count of deliveries; 0: it keeps none
  std::optional<std::uint16_t> attempts = {};  ///< said when it was given back
  std::uint16_t begun = 0;                     ///< times that it was said to begin, and no end followed
  std::string id = {};                         ///< where there is one it has no offset
  std::optional<std::int64_t> time_ms = {};
};

/// Any thread. Offsets count from 0 in each partition; a partition that is given again is read from its committed offset.
class PartitionedBroker {
 public:
  explicit PartitionedBroker(std::uint64_t capabilities = DISPYTCH_CAN_ACK_UP_TO | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_PAUSE |
                                                          DISPYTCH_CAN_ORDER_BY_KEY)
      : capabilities_{capabilities} {}
  PartitionedBroker(const PartitionedBroker&) = delete;
  PartitionedBroker& operator=(const PartitionedBroker&) = delete;

  /// Opens the consumer, which this must outlive. Once.
  std::unique_ptr<border::ConsumerHandle> open();

  // ---- what is to come; of events, each poll brings one, whatever its credit ----
  void append(std::int32_t partition, Logged message);
  void assign(const std::vector<std::int32_t>& partitions);
  /// What was requeued comes again, counted once more, with the next poll that has room; others had it so many times in between.
  void deliver_requeued(std::uint32_t elsewhere = 0);
  void revoke(const std::vector<std::int32_t>& partitions, std::chrono::milliseconds deadline = {});
  void lose(const std::vector<std::int32_t>& partitions);
  void lose_everything();
  /// The next poll ends with this.
  void fail_poll(plugin::Error error);
  /// Every beginning of a suspect does.
  void fail_begin(std::optional<plugin::Error> error);
  /// The next poll brings this event, once: the group has nothing for the consumer.
  void assign_nothing();
  /// Every settling does.
  void fail_settling(std::optional<plugin::Error> error);
  void fail_sync(std::optional<plugin::Error> error);
  /// Reading a message's headers fails: they are in the message only by request.
  void fail_headers(bool fails);
  /// The broker says nothing any more of how far the consumer is behind.
  void hide_lag();

  // ---- what was asked of it ----
  /// A message as the broker has it now.
  Logged logged(std::int32_t partition, std::size_t offset) const;
  /// The offset after the last that was acknowledged; 0: nothing was.
  std::int64_t committed(std::int32_t partition) const;
  /// The offsets of one partition that were acknowledged each by itself, in that order.
  std::vector<std::int64_t> acknowledged(std::int32_t partition) const;
  std::vector<plugin::Limits> polls() const;
  std::size_t delivered() const;                ///< messages, over all polls
  std::chrono::milliseconds last_sync() const;  ///< the timeout of the last sync
  /// "assigned 0,1", "commit 0@5" (up to and without offset 5 of partition 0), "ack 0@5", "sync", "revoked 0", "pause 0", "resume 0",
  /// "requeue 0@5 for 60000", "begin 0@5", "ended 0@5", "stale 0@5", "close"; in that order.
  std::vector<std::string> calls() const;
  bool paused(std::int32_t partition) const;
  std::size_t unreleased_batches() const;
  /// Waits until so many polls have begun; false: they didn't within 20 s.
  bool await_polls(std::size_t count) const;
  /// The same for the offset after the last that was acknowledged.
  bool await_committed(std::int32_t partition, std::int64_t offset) const;
  /// Polls that began while another one ran: a mistake of who polls.
  std::size_t overlapping_polls() const;

  // ---- for the plugin ----
  std::uint64_t capabilities() const noexcept { return capabilities_; }
  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake();
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Status sync(std::chrono::milliseconds timeout);
  plugin::Status begin(std::span<const std::uint64_t> tokens, bool on);
  plugin::Status pause(const std::vector<std::uint32_t>& sources, bool on);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message);
  std::vector<plugin::Lag> lag();
  void close();

 private:
  struct Entry {
    Logged message;
    std::uint64_t order;  // over all partitions
  };
  struct Partition {
    std::vector<Entry> log = {};
    std::size_t next = 0;  // to be delivered
    std::int64_t committed = 0;
    std::uint16_t generation = 0;
    bool assigned = false;
    bool paused = false;
    std::vector<std::int64_t> acknowledged = {};
    std::vector<std::size_t> requeued = {};  // indexes in the log
    std::deque<std::size_t> again = {};      // of them: to be delivered before what is next
  };
  struct Event {
    enum class Kind { assign, revoke, lose, lose_everything } kind;
    std::vector<std::int32_t> partitions;
    std::chrono::milliseconds deadline;
  };
  struct Token {
    std::int32_t partition;
    std::uint16_t generation;
    std::int64_t offset;
  };
  struct Held;  // the memory of one batch: overwritten when it is released

  plugin::Status answer_poll(std::unique_lock<std::mutex>& lock, plugin::Limits limits, std::chrono::milliseconds timeout,
                             plugin::BatchOut& out);
  plugin::Status deliver(plugin::Limits limits, plugin::BatchOut& out);
  void hand_out(const Event& event, plugin::BatchOut& out);
  Partition* next_partition(std::int32_t& number);
  static std::size_t next_index(const Partition& partition) { return partition.again.empty() ? partition.next : partition.again.front(); }
  void confirm(const Event& event);
  std::vector<plugin::Source> sources_of(const Event& event);

  const std::uint64_t capabilities_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::map<std::int32_t, Partition> partitions_;
  std::deque<Event> events_;
  std::map<std::uint64_t, Event> unconfirmed_;
  std::map<std::uint64_t, Token> tokens_;
  std::deque<plugin::Error> poll_errors_;
  std::optional<plugin::Error> settle_error_;
  std::optional<plugin::Error> sync_error_;
  std::optional<plugin::Error> begin_error_;
  std::chrono::milliseconds last_sync_{0};
  bool fail_headers_ = false;
  bool hides_lag_ = false;
  bool woken_ = false;
  std::size_t polling_ = 0;
  std::size_t overlapping_polls_ = 0;
  std::uint64_t last_order_ = 0;
  std::uint64_t last_token_ = 0;
  std::size_t delivered_ = 0;
  std::vector<plugin::Limits> polls_;
  std::vector<std::string> calls_;
  std::vector<std::shared_ptr<Held>> released_;
  std::vector<plugin::Header> read_headers_;
  std::size_t unreleased_ = 0;
};

}  // namespace dispytch::testing
