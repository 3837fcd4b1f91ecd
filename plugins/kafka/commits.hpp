// Tells the group's coordinator what is settled: now and then, and all of it when somebody wants to be sure.
//
// One commit is on its way at a time. Several may be in librdkafka, some waiting for a coordinator, some sent once more after a connection
// was cut, and nothing says that the newest arrives last; the older position would be the one that stays. Those that librdkafka makes by
// itself (enable.auto.commit) can't be waited for, so dispytch makes them all.
#pragma once

#include <chrono>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"
#include "sources.hpp"

namespace dispytch::kafka {

class Commits {
 public:
  using Clock = std::chrono::steady_clock;

  /// `client` and `sources` outlive it.
  Commits(rd_kafka_t* client, Sources& sources, std::chrono::milliseconds interval);

  /// Looks for the answer to the commit that is under way, and begins one where `interval` has passed since the last began. Doesn't wait.
  /// The error of a commit that the coordinator refused; what it was about goes with the next. Any thread.
  rd_kafka_resp_err_t serve();

  /// Waits until the coordinator has all that is settled, and commits it again after each error that may pass. Any thread.
  /// RD_KAFKA_RESP_ERR__TIMED_OUT: it hasn't said so by then.
  rd_kafka_resp_err_t sync(Clock::time_point deadline);

 private:
  rd_kafka_resp_err_t begin() DISPYTCH_REQUIRES(mutex_);
  bool answered(std::chrono::milliseconds timeout, rd_kafka_resp_err_t& code) DISPYTCH_REQUIRES(mutex_);

  rd_kafka_t* const client_;
  Sources& sources_;
  const std::chrono::milliseconds interval_;
  const QueueHandle answers_;
  plugin::Mutex mutex_;
  PartitionsHandle under_way_ DISPYTCH_GUARDED_BY(mutex_);  // null: none is
  Clock::time_point begun_ DISPYTCH_GUARDED_BY(mutex_);     // the last one
};

}  // namespace dispytch::kafka
