// What an operator asks of a cluster from outside of any group: the extension "dispytch.admin/1".
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "client.hpp"
#include "trouble.hpp"

namespace dispytch::kafka {

/// A client for a few questions, which are rare: it is made for them and ended after them. All functions block, together at most for the
/// timeout, and throw Exception.
class Admin : protected Client {
 public:
  /// `group`: whose positions ranges() says; empty: nobody's.
  Admin(Cluster& cluster, std::chrono::milliseconds timeout, std::string group = {});

  std::vector<plugin::Range> ranges(const std::string& topic);
  void delete_up_to(std::span<const plugin::Source> sources);

 protected:
  using Clock = std::chrono::steady_clock;

  // Waits until the cluster answers; its error says why it doesn't. What librdkafka asks for other things has no words for that.
  void reach();
  int left() const;  // of the timeout, in ms, at least 1
  EventHandle answer(rd_kafka_queue_t* queue, const std::string& doing);
  AdminOptionsHandle admin_options(rd_kafka_admin_op_t operation);
  MetadataHandle metadata_of(rd_kafka_topic_t* topic, const std::string& name);
  std::vector<std::int32_t> partitions_of(const std::string& topic);
  void add_positions(const std::string& topic, std::vector<plugin::Range>& ranges);

  const std::string& group() const noexcept { return group_; }
  Clock::time_point deadline() const noexcept { return deadline_; }

 private:
  static void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque);

  const Clock::time_point deadline_;
  const std::string group_;
  Trouble trouble_;
};

}  // namespace dispytch::kafka
