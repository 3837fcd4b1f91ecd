#include "sources.hpp"

#include <algorithm>
#include <utility>

#include <dispytch/plugin/status.hpp>

#include "tokens.hpp"

namespace dispytch::kafka {

Source::Source(rd_kafka_t* client, std::string topic_name, std::int32_t partition_number, std::uint32_t source_id, Signal& signal)
    : topic{std::move(topic_name)},
      partition{partition_number},
      id{source_id},
      wake_up{signal},
      topic_handle{rd_kafka_topic_new(client, topic.c_str(), nullptr)},
      queue{rd_kafka_queue_get_partition(client, topic.c_str(), partition), on_arrival, this} {
  if (topic_handle == nullptr || queue.get() == nullptr) {
    throw plugin::Exception{DISPYTCH_EINTERNAL, "librdkafka has no queue for partition " + std::to_string(partition) + " of " + topic};
  }
  // Forwarded by us, even to nowhere, it isn't forwarded by librdkafka to the queue of the group's events when it is assigned.
  rd_kafka_queue_forward(queue.get(), nullptr);
}

Source::~Source() { rd_kafka_queue_forward(queue.get(), nullptr); }

void Source::on_arrival(rd_kafka_t*, void* source) {
  auto& self = *static_cast<Source*>(source);
  self.arrived.store(true, std::memory_order_release);
  self.wake_up.set();
}

Source& Sources::add(rd_kafka_t* client, std::string topic, std::int32_t partition, Signal& wake_up) {
  const plugin::Lock lock{mutex_};
  if (free_.empty()) {
    if (slots_.size() == kMaxSources) {
      throw plugin::Exception{DISPYTCH_ETOOBIG, "one consumer takes " + std::to_string(kMaxSources) + " partitions at most"};
    }
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_.front();
  Slot& slot = slots_[number];
  const std::uint32_t generation = slot.generation == kMaxGeneration ? 1 : slot.generation + 1;
  slot.source = std::make_unique<Source>(client, std::move(topic), partition, DISPYTCH_SOURCE(number, generation), wake_up);
  slot.generation = generation;
  free_.pop_front();
  all_.push_back(slot.source.get());
  return *slot.source;
}

void Sources::remove(Source& source) {
  std::erase(all_, &source);
  std::unique_ptr<Source> ended;
  const plugin::Lock lock{mutex_};
  const std::uint32_t number = DISPYTCH_SOURCE_SLOT(source.id);
  ended = std::move(slots_[number].source);
  free_.push_back(number);
}

Source* Sources::find(std::string_view topic, std::int32_t partition) const noexcept {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&](const Source* source) { return source->partition == partition && source->topic == topic; });
  return found == all_.end() ? nullptr : *found;
}

Source* Sources::find(std::uint32_t id) const noexcept {
  const plugin::Lock lock{mutex_};
  return find_held(id);
}

Source* Sources::find_held(std::uint32_t id) const noexcept {
  const std::uint32_t number = DISPYTCH_SOURCE_SLOT(id);
  Source* source = number < slots_.size() ? slots_[number].source.get() : nullptr;
  return source != nullptr && source->id == id ? source : nullptr;
}

void Sources::delivered(const std::vector<Delivered>& runs) {
  const plugin::Lock lock{mutex_};
  for (const Delivered& run : runs) {
    run.source->newest = std::max(run.source->newest, run.last);
    run.source->epochs.begin(run.first, run.epoch);
    if (run.first <= run.source->unsynced) run.source->unsynced = -1;
    run.source->settled = std::min(run.source->settled, run.first - 1);  // after a seek, or where the topic was made anew, they come again
  }
}

bool Sources::settle(std::uint64_t token) {
  const plugin::Lock lock{mutex_};
  Source* source = find_held(source_of(token));
  if (source == nullptr || source->newest < 0) return false;
  const std::int64_t offset = offset_of(token, source->newest);
  if (offset <= source->settled) return false;
  source->settled = source->unsynced = offset;
  source->unsynced_epoch = source->epochs.settle(offset);
  return true;
}

PartitionsHandle Sources::unsynced() const {
  PartitionsHandle list{rd_kafka_topic_partition_list_new(1)};
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    if (!slot.source || slot.source->unsynced < 0) continue;
    rd_kafka_topic_partition_t* position =
        rd_kafka_topic_partition_list_add(list.get(), slot.source->topic.c_str(), slot.source->partition);
    position->offset = slot.source->unsynced + 1;
#if RD_KAFKA_VERSION >= 0x020100ff
    rd_kafka_topic_partition_set_leader_epoch(position, slot.source->unsynced_epoch);
#endif
  }
  return list;
}

void Sources::synced(const rd_kafka_topic_partition_list_t& positions) {
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    if (!slot.source) continue;
    const rd_kafka_topic_partition_t* position = rd_kafka_topic_partition_list_find(
        const_cast<rd_kafka_topic_partition_list_t*>(&positions), slot.source->topic.c_str(), slot.source->partition);
    if (position != nullptr && position->offset == slot.source->unsynced + 1) slot.source->unsynced = -1;
  }
}

}  // namespace dispytch::kafka
