#include "listen/delivery.hpp"

#include <optional>

#include <dispytch/parameters.hpp>
#include <dispytch/result.hpp>

#include "listen/runner.hpp"

namespace dispytch::listen {

bool MessageDelivery::open(const WireForm& form) {
  const auto payload = message.payload();
  if (!payload) {  // a tombstone, which no handler of events is asked about
    reason_ = "the message has no payload, which is no event";
    return false;
  }
  std::string_view header_type;
  if (form.layout == WireForm::Layout::flat && form.type_from == WireForm::TypeFrom::header) {
    std::optional<std::string_view> header;
    try {
      header = message.header(form.name);
    } catch (const Exception& exception) {  // the backend can't read them: one message's trouble, not the process's
      reason_ = exception.what();
      return false;
    }
    if (!header) {
      reason_ = "the message has no header `" + form.name + "`, which should name its event type";
      return false;
    }
    header_type = *header;
  }
  codec::DecodeError error;
  if (decoder_->open(*payload, form, header_type, error)) return true;
  reason_ = codec::to_string(error);
  return false;
}

bool MessageDelivery::decode(const detail::EventType& type, void* body, const detail::EventEnvelope* envelope) {
  codec::DecodeError error;
  codec::EventMeta meta;
  if (!decoder_->decode(type, body, envelope != nullptr ? &meta : nullptr, error)) {
    reason_ = codec::to_string(error);
    return false;
  }
  if (meta.type.empty()) meta.type = type.type;  // the wire says none: the topic has one type
  if (envelope != nullptr) fill(meta, *envelope);
  return true;
}

void MessageDelivery::fill(const codec::EventMeta& meta, const detail::EventEnvelope& envelope) const {
  envelope.id = meta.id;
  envelope.type = meta.type;
  envelope.topic = message.topic();
  envelope.timestamp = meta.timestamp_ms != codec::EventMeta::kNoTimestamp ? Timestamp{std::chrono::milliseconds{meta.timestamp_ms}}
                                                                           : message.timestamp().value_or(Timestamp{});
  for (const Header& header : message.headers()) envelope.headers.emplace_back(header.key, header.value);
  if (const auto key = message.key()) envelope.key.emplace(*key);
  envelope.partition = message.partition().value_or(-1);
  envelope.offset = message.offset().value_or(-1);
  envelope.attempt = item_->attempt_number();
}

void MessageDelivery::reject_segment(std::string_view name, std::string_view text, const std::type_info& wanted) {
  reason_ = "the topic's segment `" + std::string{name} + "` is \"" + std::string{text} + "\", which is no " + detail::type_name(wanted);
}

std::shared_ptr<detail::Attempt> MessageDelivery::attempt() {
  if (!attempt_) attempt_ = runner_->make_attempt(*item_);
  return attempt_;
}

void MessageDelivery::defer(std::shared_ptr<void> frame) {
  frame_ = std::move(frame);
  attempt();
  attempt_->expect_completion();
}

}  // namespace dispytch::listen
