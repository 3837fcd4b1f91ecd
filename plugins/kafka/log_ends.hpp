// Asks the brokers where the logs of a consumer's partitions end.
//
// What librdkafka has noted by itself is the end at its last fetch, and it stops fetching while its queue is full: a listener that is far
// behind would look as if nothing more came. It also is the end of the log, be the last transaction open or not; brokers that are asked by
// a reader of committed messages tell the end that is its own.
#pragma once

#include <chrono>

#include <librdkafka/rdkafka.h>

#include "sources.hpp"

namespace dispytch::kafka {

/// One thread at a time.
class LogEnds {
 public:
  /// Both outlive it. `timeout`: what leaders may take for an answer.
  LogEnds(rd_kafka_t* client, Sources& sources, std::chrono::milliseconds timeout) noexcept
      : client_{client}, sources_{sources}, timeout_{timeout} {}

  /// Asks for all partitions that are assigned, and waits for the answers. What nobody answers for stays as it was.
  void renew();

 private:
  rd_kafka_t* const client_;
  Sources& sources_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace dispytch::kafka
