// From librdkafka's queues into batches: what is prefetched, withheld, or cut off by the host's limits.
//
// The queues of all partitions are forwarded to one that they share, so that librdkafka's bounds on prefetching hold for their sum. A
// source stands apart, with a queue of its own, until its first message was taken, and while it is withheld: what is prefetched of it then
// stays where it is and keeps nobody else waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <dispytch/plugin/batch.hpp>

#include "batch.hpp"
#include "handles.hpp"
#include "signal.hpp"
#include "sources.hpp"

namespace dispytch::kafka {

/// The polling thread's alone: librdkafka 2.0 loses messages that are taken in parallel with a seek or a rebalance.
class Intake {
 public:
  Intake(rd_kafka_t* client, Sources& sources, Signal& wake_up);

  /// A new source: stands apart.
  void add(Source& source) { apart_.push_back(&source); }
  /// Forgets it and all that was taken of it from librdkafka.
  void remove(Source& source);
  /// Drops what was taken of it from librdkafka and not delivered: it goes on elsewhere.
  void drop(Source& source);
  /// Before librdkafka fetches it from somewhere else: until a message has come from there it stands apart again.
  void set_apart(Source& source);
  void withhold(Source& source);
  void let_go(Source& source) { source.withheld = false; }

  /// Fills the batch with what is there, within the limits. Doesn't wait.
  void take(Batch& batch, const plugin::Limits& limits);
  /// What is in the batch that was filled last. A source may stand there more than once.
  const std::vector<Delivered>& delivered() const noexcept { return delivered_; }
  /// What librdkafka returned in place of messages: errors of partitions. Emptied by the caller.
  std::vector<MessageHandle>& failures() noexcept { return failures_; }

 private:
  struct Room {
    std::size_t messages = 0;
    std::uint64_t bytes = 0;
  };
  // Messages come in runs of one source; what is the same for a run is found out once.
  struct Run {
    const rd_kafka_topic_t* topic = nullptr;
    Source* source = nullptr;
    Origin origin = {};
  };

  void take_apart(Batch& batch, Room& room);
  std::size_t take_from(rd_kafka_queue_t* queue, std::size_t count, Batch& batch, Room& room);
  bool deliver(MessageHandle& message, Batch& batch, Room& room);
  void enter_run(const rd_kafka_message_t& message);
  void join(Source& source);
  void keep_cut_off(Source& source);

  Sources& sources_;
  WatchedQueue shared_;
  std::vector<Source*> apart_;
  std::deque<MessageHandle> cut_off_;  // taken, but beyond the last poll's limit of bytes; older than what is in shared_
  std::vector<rd_kafka_message_t*> taken_;
  Run run_;
  std::vector<Delivered> delivered_;
  std::vector<MessageHandle> failures_;
};

}  // namespace dispytch::kafka
