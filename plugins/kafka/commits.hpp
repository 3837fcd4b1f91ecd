// Tells the group's coordinator what is settled: now and then, and all of it when somebody wants to be sure.
//
// One commit is on its way at a time. Several may be in librdkafka, some waiting for a coordinator, some sent once more after a connection
// was cut, and nothing says that the newest arrives last; the older position would be the one that stays. Those that librdkafka makes by
// itself (enable.auto.commit) can't be waited for, so dispytch makes them all. The coordinator answers for each partition: one that it
// refuses costs the others nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"
#include "signal.hpp"
#include "sources.hpp"

namespace dispytch::kafka {

class Commits {
 public:
  using Clock = std::chrono::steady_clock;

  /// How often a position is committed, and so serve() to be called, while a source waits for its first one.
  static constexpr std::chrono::milliseconds kUrgentPause{100};

  /// `client`, `sources` and `wake_up` outlive it. `warn`: of what the coordinator refused; any thread.
  Commits(rd_kafka_t* client, Sources& sources, std::chrono::milliseconds interval, Signal& wake_up, std::function<void(std::string)> warn);

  /// Looks for the answer to the commit that is under way, and begins one where `interval` has passed since the last began, or where a
  /// source waits for its first position, and at once for the first such. Doesn't wait. What the coordinator refused goes with the next.
  /// Any thread.
  void serve();

  /// Waits until the coordinator has all that is settled, and commits it again after each error that may pass. A position whose partition
  /// is gone is given up, with a warning. Any thread. RD_KAFKA_RESP_ERR__TIMED_OUT: it hasn't said so by then.
  rd_kafka_resp_err_t sync(Clock::time_point deadline);

 private:
  rd_kafka_resp_err_t begin() DISPYTCH_REQUIRES(mutex_);
  bool answered(std::chrono::milliseconds timeout, bool last, rd_kafka_resp_err_t& code) DISPYTCH_REQUIRES(mutex_);
  void keep_one(rd_kafka_topic_partition_list_t& positions) DISPYTCH_REQUIRES(mutex_);
  void take(const rd_kafka_topic_partition_t& position, rd_kafka_resp_err_t code, bool last) DISPYTCH_REQUIRES(mutex_);

  rd_kafka_t* const client_;
  Sources& sources_;
  const std::chrono::milliseconds interval_;
  const std::function<void(std::string)> warn_;
  WatchedQueue answers_;
  plugin::Mutex mutex_;
  PartitionsHandle under_way_ DISPYTCH_GUARDED_BY(mutex_);  // null: none is
  Clock::time_point begun_ DISPYTCH_GUARDED_BY(mutex_);     // the last one
  Clock::time_point urgent_ DISPYTCH_GUARDED_BY(mutex_);    // the last one for which a source waited
  // librdkafka 2.0 gives the code of one partition to all of a commit. Where one is refused each is committed alone, once.
  bool alone_ DISPYTCH_GUARDED_BY(mutex_) = false;
  std::set<std::pair<std::string, std::int32_t>> tried_ DISPYTCH_GUARDED_BY(mutex_);  // of the round of single commits
  std::map<std::pair<std::string, std::int32_t>, rd_kafka_resp_err_t> refused_
      DISPYTCH_GUARDED_BY(mutex_);  // what was warned of, until it is committed
};

}  // namespace dispytch::kafka
