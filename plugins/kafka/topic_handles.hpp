// librdkafka's handles of the topics that a producer writes to.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"

namespace dispytch::kafka {

/// Any thread. Handles stay until the producer ends: they are as many as the cluster has topics.
class TopicHandles {
 public:
  /// The handle; nullptr where librdkafka takes no such name. Without a lock for the topic that was asked for last.
  rd_kafka_topic_t* find(rd_kafka_t* client, std::string_view name) {
    const Entry* last = last_.load(std::memory_order_acquire);
    if (last != nullptr && last->name == name) [[likely]]
      return last->handle.get();
    return find_other(client, name);
  }

 private:
  struct Entry {
    std::string name;
    TopicHandle handle;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  rd_kafka_topic_t* find_other(rd_kafka_t* client, std::string_view name);

  std::atomic<const Entry*> last_ = nullptr;
  plugin::Mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Entry>, Hash, std::equal_to<>> entries_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::kafka
