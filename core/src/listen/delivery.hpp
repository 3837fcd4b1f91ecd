// One message on its way through its handlers: opened at most once, decoded for each handler that asks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <dispytch/handler.hpp>
#include <dispytch/message.hpp>

#include "codec/json_codec.hpp"
#include "inflight/item.hpp"
#include "listen/attempt.hpp"

namespace dispytch::listen {

class Runner;

/// Made on the stack for each message. Failing costs allocations, succeeding none.
class MessageDelivery final : public detail::Delivery {
 public:
  MessageDelivery(const Message& of, inflight::Item& item, codec::Decoder& decoder, const Runner& runner) noexcept
      : detail::Delivery{of}, item_{&item}, decoder_{&decoder}, runner_{&runner} {}

  /// Finds the event's type; false: the payload is no such thing, and reason() says why.
  bool open(const WireForm& form);
  std::string_view type() const noexcept { return decoder_->type(); }

  bool decode(const detail::EventType& type, void* body, const detail::EventEnvelope* envelope) override;
  void reject_segment(std::string_view name, std::string_view text, const std::type_info& wanted) override;
  std::shared_ptr<detail::Attempt> attempt() override;
  void defer(std::shared_ptr<void> frame) override;

  /// Why open, decode or a segment failed.
  const std::string& reason() const noexcept { return reason_; }
  /// What the handler that was called last asked for; taken, so that the next handler begins anew.
  std::shared_ptr<Attempt> take_attempt() noexcept { return std::move(attempt_); }
  std::shared_ptr<void> take_frame() noexcept { return std::move(frame_); }

 private:
  void fill(const codec::EventMeta& meta, const detail::EventEnvelope& envelope) const;

  inflight::Item* item_;
  codec::Decoder* decoder_;
  const Runner* runner_;
  std::shared_ptr<Attempt> attempt_ = {};
  std::shared_ptr<void> frame_ = {};
  std::string reason_ = {};
};

}  // namespace dispytch::listen
