#include "browser.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "places.hpp"

namespace dispytch::memory {

Browser::Browser(std::shared_ptr<Broker> broker, const plugin::Look& look) : broker_{std::move(broker)} {
  if (look.id) throw plugin::Exception{DISPYTCH_EINVAL, "the memory backend names messages by partition and offset, not by an id"};
  const plugin::Lock lock{broker_->mutex};
  const Topic& topic = broker_->existing_topic(look.topic);
  for (const auto& partition : topic.partitions()) {
    if (look.partition && *look.partition != partition->index()) continue;
    std::int64_t begin = partition->start();
    if (look.time_ms) begin = first_since(*partition, *look.time_ms);
    if (look.offset) begin = std::clamp(*look.offset, partition->start(), partition->end());
    ranges_.push_back({.partition = partition.get(), .next = begin, .end = partition->end()});
  }
  if (ranges_.empty()) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND,
                            "topic `" + look.topic + "` has no partition " + std::to_string(look.partition.value_or(0))};
  }
}

plugin::Status Browser::read(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) {
  struct Delivery {
    std::vector<plugin::InboundMessage> messages = {};
    std::vector<std::shared_ptr<Segment>> segments = {};
  };
  Delivery delivery;
  const plugin::Lock lock{broker_->mutex};
  for (; at_ < ranges_.size(); ++at_) {
    Range& range = ranges_[at_];
    range.next = std::max(range.next, range.partition->start());
    for (; range.next < range.end; ++range.next) {
      const dispytch_message& stored = range.partition->at(range.next).view;
      const std::uint64_t bytes = stored.key.len + stored.payload.len;
      const bool has_room = limits.max_messages > 0 && (bytes <= limits.max_bytes || delivery.messages.empty());
      if (!has_room) break;
      const std::shared_ptr<Segment>& segment = range.partition->segment(range.next);
      if (delivery.segments.empty() || delivery.segments.back() != segment) delivery.segments.push_back(segment);
      delivery.messages.push_back(stored);
      --limits.max_messages;
      limits.max_bytes -= std::min(bytes, limits.max_bytes);
    }
    if (range.next < range.end) break;
  }
  if (delivery.messages.empty()) return {};
  const std::span<const plugin::InboundMessage> messages = delivery.messages;
  out.messages(messages, std::move(delivery));
  return {};
}

}  // namespace dispytch::memory
