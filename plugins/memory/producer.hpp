// Sends into a memory broker and confirms at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"

namespace dispytch::memory {

/// A message is in its topic, and its report ready, when send has returned. Any thread.
class Producer final : public RoomWaiter {
 public:
  Producer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify);
  ~Producer() override;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) noexcept;
  std::size_t reports(plugin::Strided<plugin::Report> out);
  plugin::Status flush(std::chrono::milliseconds timeout);

  void room() noexcept override { notify_(); }

 private:
  enum class Sent : std::uint8_t { taken, full };
  // Throws plugin::Exception where the message is refused.
  Sent send_one(const dispytch_message& message) DISPYTCH_REQUIRES(broker_->mutex);
  Topic& topic_of(const dispytch_message& message) DISPYTCH_REQUIRES(broker_->mutex);

  const std::shared_ptr<Broker> broker_;
  const plugin::Host host_;
  const plugin::Clock clock_;
  const plugin::Notify notify_;

  Topic* last_topic_ DISPYTCH_GUARDED_BY(broker_->mutex) = nullptr;
  std::optional<std::int64_t> now_ms_ DISPYTCH_GUARDED_BY(broker_->mutex) = {};   // read at most once for a send
  std::vector<plugin::Report> reports_ DISPYTCH_GUARDED_BY(broker_->mutex) = {};  // from next_report_ on they wait to be pulled
  std::size_t next_report_ DISPYTCH_GUARDED_BY(broker_->mutex) = 0;
  bool waits_for_reports_ DISPYTCH_GUARDED_BY(broker_->mutex) = false;
};

}  // namespace dispytch::memory
