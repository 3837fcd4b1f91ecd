// librdkafka's own cluster of one pretended broker, for what a real one can't be made to do: go away, and refuse single requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
// behind it, and behind rdkafka.h:
#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>

#include "support/destroyed_by.hpp"

namespace dispytch::testing {

/// Listens on loopback from its making on, for clients of this process and of others. One thread.
class MockCluster {
 public:
  /// Kafka's numbers of the requests that can be refused.
  enum class Request : std::int16_t { produce = 0, offset_commit = 8, init_producer_id = 22 };

  explicit MockCluster(const std::string& topic, int partitions = 1)
      : client_{rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)}, cluster_{rd_kafka_mock_cluster_new(client_.get(), 1)} {
    rd_kafka_mock_topic_create(cluster_.get(), topic.c_str(), partitions, 1);
  }

  void create(const std::string& topic, int partitions = 1) { rd_kafka_mock_topic_create(cluster_.get(), topic.c_str(), partitions, 1); }
  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  void set_down(bool down) { down ? rd_kafka_mock_broker_set_down(cluster_.get(), 1) : rd_kafka_mock_broker_set_up(cluster_.get(), 1); }
  /// Lets each answer take so long from now on: for a client a broker that says nothing.
  void set_silent(std::chrono::milliseconds time) { rd_kafka_mock_broker_set_rtt(cluster_.get(), 1, static_cast<int>(time.count())); }
  /// The next requests of that kind are refused so, one after another; NO_ERROR lets one pass.
  void refuse(Request request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_.get(), static_cast<std::int16_t>(request), errors.size(), errors.data());
  }
  /// Lets pass what was to be refused.
  void refuse_no_more(Request request) { rd_kafka_mock_clear_request_errors(cluster_.get(), static_cast<std::int16_t>(request)); }

 private:
  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> client_;
  std::unique_ptr<rd_kafka_mock_cluster_t, DestroyedBy<rd_kafka_mock_cluster_destroy>> cluster_;
};

}  // namespace dispytch::testing
