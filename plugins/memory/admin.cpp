#include "admin.hpp"

#include <cstdint>
#include <string>

namespace dispytch::memory {
namespace {

struct Cut {
  Topic& topic;
  Partition& partition;
  std::int64_t offset;
};

Cut cut_of(Broker& broker, const plugin::Source& source) DISPYTCH_REQUIRES(broker.mutex) {
  Topic& topic = broker.existing_topic(source.topic);
  const std::int32_t index = source.partition.value_or(0);
  if (index < 0 || index >= topic.options().partitions) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND, "topic `" + source.topic + "` has no partition " + std::to_string(index)};
  }
  Partition& partition = *topic.partitions()[static_cast<std::size_t>(index)];
  if (!source.offset || *source.offset < 0 || *source.offset > partition.end()) {
    throw plugin::Exception{DISPYTCH_EINVAL, "topic `" + source.topic + "`, partition " + std::to_string(index) +
                                                 ": expected an offset from 0 to " + std::to_string(partition.end()) + ", found " +
                                                 (source.offset ? std::to_string(*source.offset) : "none")};
  }
  return {topic, partition, *source.offset};
}

}  // namespace

std::vector<plugin::Range> ranges(Broker& broker, std::string_view topic, std::string_view group) {
  const plugin::Lock lock{broker.mutex};
  const Group* const its_group = group.empty() ? nullptr : broker.find_group(std::string{group});
  std::vector<plugin::Range> all;
  const Topic* const existing = broker.find(topic);
  if (existing == nullptr && broker.auto_create()) {
    throw plugin::Exception{plugin::Error{.code = DISPYTCH_ENOTFOUND,
                                          .text = "there is no topic `" + std::string{topic} + "` yet; its first use creates it",
                                          .retriable = true}};
  }
  for (const auto& partition : broker.existing_topic(topic).partitions()) {
    all.push_back({.partition = partition->index(),
                   .low = partition->start(),
                   .high = partition->end(),
                   .stored = its_group == nullptr ? std::nullopt : its_group->stored(*partition)});
  }
  return all;
}

void delete_up_to(Broker& broker, std::span<const plugin::Source> sources) {
  const plugin::Lock lock{broker.mutex};
  std::vector<Cut> cuts;
  for (const plugin::Source& source : sources) cuts.push_back(cut_of(broker, source));
  for (const Cut& cut : cuts) cut.topic.delete_before(cut.partition, cut.offset);
}

}  // namespace dispytch::memory
