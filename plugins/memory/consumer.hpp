// Reads from a memory broker as a member of a consumer group.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"
#include "member.hpp"
#include "subscription.hpp"

namespace dispytch::memory {

/// Guarded by the broker's mutex.
class Consumer final : private Member, private TopicWatcher {
 public:
  /// Joins its group. Throws plugin::Exception where a topic doesn't exist.
  Consumer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify, Subscription subscription);
  ~Consumer() override;

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake();
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message);
  plugin::Status pause(std::span<const plugin::Source> sources, bool on);
  plugin::Status seek(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);

 private:
  struct Delivery;
  struct Returned;

  void signal() noexcept override;
  void created(Topic& topic) override;
  void subscribe(Topic& topic);

  bool take_messages(plugin::Limits limits, plugin::BatchOut& out);
  // Whether the limits allow more.
  bool take_from(GroupPartition& partition, plugin::Limits& limits, Delivery& delivery);
  bool take_due(GroupPartition& partition, plugin::Limits& limits, Delivery& delivery);
  // When the first of the delayed messages that may be delivered is due, on the host's monotonic clock.
  std::optional<std::chrono::nanoseconds> next_due() const noexcept;
  bool settle_event(std::uint64_t token);

  const std::shared_ptr<Broker> broker_;
  const plugin::Clock clock_;
  const plugin::Notify notify_;
  const Subscription subscription_;
  Group* group_ = nullptr;

  std::condition_variable wakeup_ = {};
  bool woken_ = false;         // by wake(), since the last poll
  bool notified_ = false;      // since the last poll: one notify is enough
  std::size_t next_slot_ = 0;  // whose turn it is: sources take turns at being first in a batch
};

}  // namespace dispytch::memory
