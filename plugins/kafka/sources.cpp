#include "sources.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
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
      queue{rd_kafka_queue_get_partition(client, topic.c_str(), partition), on_arrival, this},
      token_id{source_id} {
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
  slot.source = std::make_unique<Source>(client, std::move(topic), partition, DISPYTCH_SOURCE(number, slot.next_generation()), wake_up);
  free_.pop_front();
  all_.push_back(slot.source.get());
  return *slot.source;
}

std::uint32_t Sources::Slot::next_generation() noexcept {
  generation = generation == kMaxGeneration ? 1 : generation + 1;
  return generation;
}

void Sources::remove(Source& source) {
  std::erase(all_, &source);
  std::unique_ptr<Source> ended;
  const plugin::Lock lock{mutex_};
  set_storing(source, false);
  const std::uint32_t number = DISPYTCH_SOURCE_SLOT(source.id);
  ended = std::move(slots_[number].source);
  free_.push_back(number);
}

void Sources::set_storing(Source& source, bool storing) {
  if (source.storing.exchange(storing) != storing) storing_ += storing ? 1 : -1;
}

void Sources::place(Source& source, std::int64_t offset, std::string metadata, bool to_store) {
  const plugin::Lock lock{mutex_};
  source.metadata = std::move(metadata);
  source.progress.place(offset);
  if (to_store && stores_) {
    source.progress.store(offset);
    set_storing(source, true);
  } else {
    stored_.insert(source.topic);
  }
}

void Sources::rewind(Source& source) {
  const plugin::Lock lock{mutex_};
  Slot& slot = slots_[DISPYTCH_SOURCE_SLOT(source.id)];
  source.token_id = DISPYTCH_SOURCE(DISPYTCH_SOURCE_SLOT(source.id), slot.next_generation());
  source.progress.rewind();
}

std::vector<Sources::Named> Sources::named() const {
  std::vector<Named> all;
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    if (slot.source && slot.source->progress.placed()) all.push_back({slot.source->id, slot.source->topic, slot.source->partition});
  }
  return all;
}

void Sources::log_ends(std::uint32_t id, std::int64_t offset, std::chrono::steady_clock::time_point when) {
  const plugin::Lock lock{mutex_};
  if (Source* const source = find_held(id)) source->progress.log_ends(offset, when);
}

void Sources::reached_end(Source& source, std::int64_t offset) {
  const plugin::Lock lock{mutex_};
  source.progress.reached_end(offset, source.next.value_or(offset));
}

std::vector<plugin::Lag> Sources::lag(std::chrono::steady_clock::time_point now, std::chrono::milliseconds patience) const {
  std::vector<plugin::Lag> all;
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    if (slot.source == nullptr) continue;
    if (const auto messages = slot.source->progress.lag(now, patience)) all.push_back({.source = slot.source->id, .messages = *messages});
  }
  return all;
}

bool Sources::has_stored(const std::string& topic) const {
  const plugin::Lock lock{mutex_};
  return stored_.contains(topic);
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

Source* Sources::find_token(std::uint32_t id) const noexcept {
  const std::uint32_t number = DISPYTCH_SOURCE_SLOT(id);
  Source* source = number < slots_.size() ? slots_[number].source.get() : nullptr;
  return source != nullptr && source->token_id == id ? source : nullptr;
}

void Sources::delivered(const std::vector<Delivered>& runs) {
  const plugin::Lock lock{mutex_};
  for (const Delivered& run : runs) run.source->progress.deliver(run.first, run.last, run.epoch);
}

bool Sources::settle(std::uint64_t token) {
  const plugin::Lock lock{mutex_};
  Source* source = find_token(source_of(token));
  if (source == nullptr || source->progress.newest() < 0) return false;
  return source->progress.settle(offset_of(token, source->progress.newest()));
}

PartitionsHandle Sources::uncommitted() const {
  PartitionsHandle list{rd_kafka_topic_partition_list_new(1)};
  if (!stores_) return list;
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    if (!slot.source) continue;
    const Source& source = *slot.source;
    const auto next = source.progress.uncommitted();
    if (!next) continue;
    rd_kafka_topic_partition_t* position = rd_kafka_topic_partition_list_add(list.get(), source.topic.c_str(), source.partition);
    position->offset = next->offset;
    if (!source.metadata.empty()) {
      position->metadata = std::malloc(source.metadata.size());  // librdkafka frees it
      if (position->metadata == nullptr) throw std::bad_alloc{};
      std::memcpy(position->metadata, source.metadata.data(), source.metadata.size());
      position->metadata_size = source.metadata.size();
    }
#if RD_KAFKA_VERSION >= 0x020100ff
    rd_kafka_topic_partition_set_leader_epoch(position, next->epoch);
#endif
  }
  return list;
}

void Sources::committed(const rd_kafka_topic_partition_t& position) {
  const plugin::Lock lock{mutex_};
  stored_.insert(position.topic);
  for (const Slot& slot : slots_) {
    Source* source = slot.source.get();
    if (source == nullptr || source->partition != position.partition || source->topic != position.topic) continue;
    source->progress.committed(position.offset);
    set_storing(*source, false);
  }
}

void Sources::abandon(const rd_kafka_topic_partition_t& position) {
  const plugin::Lock lock{mutex_};
  for (const Slot& slot : slots_) {
    Source* source = slot.source.get();
    if (source == nullptr || source->partition != position.partition || source->topic != position.topic) continue;
    source->progress.committed(position.offset);
  }
}

}  // namespace dispytch::kafka
