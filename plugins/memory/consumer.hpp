// Reads from a memory broker as a member of a consumer group.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/subscription.hpp>

#include "broker.hpp"
#include "member.hpp"

namespace dispytch::memory {

/// Any thread; the functions of its bases are called under the broker's mutex, which guards what they are about.
class Consumer final : private Member, private TopicWatcher {
 public:
  /// Joins its group. Throws plugin::Exception where a topic doesn't exist.
  Consumer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify, plugin::Subscription subscription);
  ~Consumer() override;

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake();
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message);
  plugin::Status pause(std::span<const plugin::Source> sources, bool on);
  plugin::Status seek(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);
  plugin::Status begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds timeout);
  std::vector<plugin::Lag> lag();

 private:
  struct Delivery;
  struct Returned;

  void signal() noexcept override;
  void created(Topic& topic) override;
  void subscribe(Topic& topic) DISPYTCH_REQUIRES(broker_->mutex);

  bool tell_of_no_part(plugin::BatchOut& out) DISPYTCH_REQUIRES(broker_->mutex);
  bool take_messages(plugin::Limits limits, plugin::BatchOut& out) DISPYTCH_REQUIRES(broker_->mutex);
  // Whether the limits allow more.
  bool take_from(GroupPartition& partition, plugin::Limits& limits, Delivery& delivery) DISPYTCH_REQUIRES(broker_->mutex);
  bool take_due(GroupPartition& partition, plugin::Limits& limits, Delivery& delivery) DISPYTCH_REQUIRES(broker_->mutex);
  // When the first of the delayed messages that may be delivered is due, on the host's monotonic clock.
  std::optional<std::chrono::nanoseconds> next_due() const noexcept DISPYTCH_REQUIRES(broker_->mutex);
  bool settle_event(std::uint64_t token) DISPYTCH_REQUIRES(broker_->mutex);
  bool has_own_group() const noexcept { return subscription_.group.empty() || subscription_.ephemeral; }

  const std::shared_ptr<Broker> broker_;
  const plugin::Clock clock_;
  const plugin::Notify notify_;
  const plugin::Subscription subscription_;
  const bool tells_of_nothing_;  // the host understands an assignment without partitions
  Group* group_ DISPYTCH_POINTER_GUARDED_BY(broker_->mutex) = nullptr;

  plugin::Condition wakeup_;
  bool woken_ DISPYTCH_GUARDED_BY(broker_->mutex) = false;             // by wake(), since the last poll
  bool notified_ DISPYTCH_GUARDED_BY(broker_->mutex) = false;          // since the last poll: one notify is enough
  bool knows_of_no_part_ DISPYTCH_GUARDED_BY(broker_->mutex) = false;  // the host was told that there is nothing for it at present
  std::size_t next_slot_ DISPYTCH_GUARDED_BY(broker_->mutex) = 0;      // whose turn it is: sources take turns at being first in a batch
};

}  // namespace dispytch::memory
