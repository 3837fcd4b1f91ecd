#include "log_ends.hpp"

#include <vector>

#include "handles.hpp"

namespace dispytch::kafka {

void LogEnds::renew() {
  const std::vector<Sources::Named> assigned = sources_.named();
  if (assigned.empty()) return;
  const PartitionsHandle list{rd_kafka_topic_partition_list_new(static_cast<int>(assigned.size()))};
  for (const Sources::Named& each : assigned) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition)->offset =
        RD_KAFKA_OFFSET_END;  // which the protocol takes as a time
  }
  const auto asked = std::chrono::steady_clock::now();
  if (rd_kafka_offsets_for_times(client_, list.get(), static_cast<int>(timeout_.count())) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  for (const Sources::Named& each : assigned) {
    const rd_kafka_topic_partition_t* answer = rd_kafka_topic_partition_list_find(list.get(), each.topic.c_str(), each.partition);
    if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset >= 0) sources_.log_ends(each.id, answer->offset, asked);
  }
}

}  // namespace dispytch::kafka
