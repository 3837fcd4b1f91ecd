#include "topic.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <dispytch/plugin/murmur2.hpp>

#include "group.hpp"
#include "member.hpp"

namespace dispytch::memory {

Topic::Topic(std::string name, TopicOptions options) : name_{std::move(name)}, options_{options} {
  for (std::int32_t i = 0; i < options_.partitions; ++i) partitions_.push_back(std::make_unique<Partition>(name_, i));
}

bool Topic::unread() const noexcept {
  return std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) { return partition->readers.empty(); });
}

Partition& Topic::place(const dispytch_message& message) noexcept {
  std::int32_t index = 0;
  if (message.key.data != nullptr) {
    index = plugin::partition_of({reinterpret_cast<const char*>(message.key.data), message.key.len}, options_.partitions);
  } else {
    index = static_cast<std::int32_t>(next_without_key_++ % static_cast<std::uint32_t>(options_.partitions));
  }
  return *partitions_[static_cast<std::size_t>(index)];
}

std::int64_t Topic::append(Partition& partition, const dispytch_message& message, std::size_t size, std::int64_t now_ms) {
  const std::int64_t offset = partition.append(message, size, now_ms);
  ++messages_;
  bytes_ += size;
  for (const GroupPartition* reader : partition.readers) {
    if (reader->state == GroupPartition::State::active) reader->holder->signal();
  }
  return offset;
}

void Topic::trim(Partition& partition) noexcept {
  bool only_looked_at = true;
  std::int64_t needed = partition.end();
  for (const GroupPartition* reader : partition.readers) {
    needed = std::min(needed, reader->progress.oldest_needed());
    only_looked_at = only_looked_at && reader->looks;
  }
  if (only_looked_at) return;
  drop(partition, needed);
}

void Topic::delete_before(Partition& partition, std::int64_t offset) noexcept {
  for (GroupPartition* reader : partition.readers) reader->progress.deleted_before(offset);
  drop(partition, offset);
}

void Topic::drop(Partition& partition, std::int64_t before) noexcept {
  if (before <= partition.start()) return;
  const Partition::Dropped dropped = partition.drop_before(before);
  messages_ -= dropped.messages;
  bytes_ -= dropped.bytes;
  for (RoomWaiter* waiter : std::exchange(waiting_, {})) waiter->room();
}

void Topic::wait_for_room(RoomWaiter& waiter) {
  if (std::find(waiting_.begin(), waiting_.end(), &waiter) == waiting_.end()) waiting_.push_back(&waiter);
}

void Topic::forget(RoomWaiter& waiter) noexcept { std::erase(waiting_, &waiter); }

}  // namespace dispytch::memory
