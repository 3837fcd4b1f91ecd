#include "topic_handles.hpp"

#include <utility>

namespace dispytch::kafka {

rd_kafka_topic_t* TopicHandles::find_other(rd_kafka_t* client, std::string_view name) {
  if (name.find('\0') != std::string_view::npos) return nullptr;  // it would end the name for librdkafka
  const plugin::Lock lock{mutex_};
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    auto entry = std::make_unique<Entry>(Entry{std::string{name}, nullptr});
    entry->handle.reset(rd_kafka_topic_new(client, entry->name.c_str(), nullptr));
    if (entry->handle == nullptr) return nullptr;
    found = entries_.emplace(entry->name, std::move(entry)).first;
  }
  last_.store(found->second.get(), std::memory_order_release);
  return found->second->handle.get();
}

}  // namespace dispytch::kafka
