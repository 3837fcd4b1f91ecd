// One message on its way through its handlers: opened at most once, decoded for each handler that asks.
#pragma once

#include <string>
#include <string_view>

#include <dispytch/handler.hpp>
#include <dispytch/message.hpp>

#include "codec/json_codec.hpp"

namespace dispytch::listen {

/// Made on the stack for each message. Failing costs allocations, succeeding none.
class MessageDelivery final : public detail::Delivery {
 public:
  MessageDelivery(const Message& of, codec::Decoder& decoder) noexcept : detail::Delivery{of}, decoder_{&decoder} {}

  /// Finds the event's type; false: the payload is no such thing, and reason() says why.
  bool open(const WireForm& form);
  std::string_view type() const noexcept { return decoder_->type(); }

  bool decode(const detail::EventType& type, void* body, const detail::EventEnvelope* envelope) override;
  void reject_segment(std::string_view name, std::string_view text, const std::type_info& wanted) override;

  /// Why open, decode or a segment failed.
  const std::string& reason() const noexcept { return reason_; }

 private:
  void fill(const codec::EventMeta& meta, const detail::EventEnvelope& envelope) const;

  codec::Decoder* decoder_;
  std::string reason_;
};

}  // namespace dispytch::listen
