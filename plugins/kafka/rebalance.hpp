// The group's rebalances: librdkafka asks for them by a callback, the host agrees to them later, and only then are they carried out.
//
// The callback comes on the polling thread, from within a poll, and returns without having done what librdkafka asks for. librdkafka holds
// the rebalance meanwhile, and the group waits for it: until the host has acknowledged the event that step() left for it, and a later poll
// calls step() again, which assigns or gives up the partitions. Giving up commits first what was settled, where the host has not seen to
// that.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/status.hpp>

#include "commits.hpp"
#include "handles.hpp"
#include "intake.hpp"
#include "signal.hpp"
#include "sources.hpp"

namespace dispytch::kafka {

/// News for the host, each the content of one poll.
struct Event {
  std::uint32_t kind = 0;  ///< DISPYTCH_ASSIGNED, ...
  std::vector<plugin::Source> sources = {};
  std::uint64_t token = 0;
  plugin::Error why = {};
};
using Events = std::deque<Event>;

/// The polling thread's, but for acknowledge().
class Rebalance {
 public:
  Rebalance(rd_kafka_t* client, Sources& sources, Intake& intake, Commits& commits, Events& events, Signal& wake_up)
      : client_{client}, sources_{sources}, intake_{intake}, commits_{commits}, events_{events}, wake_up_{wake_up} {}

  /// librdkafka's callback: partitions are to be assigned to this member, or taken from it.
  void asked(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t& partitions);
  /// Carries out what the host has acknowledged. Throws Exception where librdkafka refuses.
  void step();
  /// The group has given this member up for its silence: what it was asked to give up is gone already.
  void expelled();
  /// From here on whatever is asked is done at once, without the host.
  void close();

  /// Whether the group has ever assigned something to this member, be it nothing.
  bool has_joined() const noexcept { return joined_; }

  /// Any thread. False: there is no such event, or it is over.
  bool acknowledge(std::uint64_t token);

 private:
  enum class Kind { assign, give_up };
  struct Pending {
    Kind kind = Kind::assign;
    bool incremental = false;
    PartitionsHandle partitions = {};
  };

  void begin_assign(const rd_kafka_topic_partition_list_t& partitions, bool incremental);
  void lose(const rd_kafka_topic_partition_list_t& partitions, bool incremental);
  void finish();
  void forget(const rd_kafka_topic_partition_list_t& partitions);
  void assign(rd_kafka_topic_partition_list_t* partitions, bool incremental);
  void give_up(const rd_kafka_topic_partition_list_t* partitions, bool incremental);
  void restore_positions();
  std::vector<plugin::Source> described(const rd_kafka_topic_partition_list_t& partitions) const;

  rd_kafka_t* client_;
  Sources& sources_;
  Intake& intake_;
  Commits& commits_;
  Events& events_;
  Signal& wake_up_;
  std::optional<Pending> pending_;
  bool joined_ = false;
  bool closing_ = false;
  std::uint64_t last_event_ = 0;
  std::atomic<std::uint64_t> awaited_ = 0;  // the token of the event that pending_ waits for
  std::atomic<bool> acknowledged_ = false;
};

}  // namespace dispytch::kafka
