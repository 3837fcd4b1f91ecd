#include "border/capabilities.hpp"

#include <array>
#include <cstdint>

#include <dispytch/plugin/abi.h>

namespace dispytch::border {
namespace {

constexpr std::array kNames{
    CapabilityName{DISPYTCH_CAN_PRODUCE, "produce", "send messages"},
    CapabilityName{DISPYTCH_CAN_CONSUME, "consume", "receive messages"},
    CapabilityName{DISPYTCH_CAN_KEYS, "keys", "carry a message's key"},
    CapabilityName{DISPYTCH_CAN_HEADERS, "headers", "carry a message's headers"},
    CapabilityName{DISPYTCH_CAN_GROUPS, "groups", "share a topic among the members of a group"},
    CapabilityName{DISPYTCH_CAN_PARTITIONS, "partitions", "spread a topic over partitions"},
    CapabilityName{DISPYTCH_CAN_PATTERNS, "patterns", "subscribe to topics by a pattern"},
    CapabilityName{DISPYTCH_CAN_ORDER_BY_KEY, "order_by_key", "keep the order of messages with one key"},
    CapabilityName{DISPYTCH_CAN_ORDER_BY_SOURCE, "order_by_source", "keep the order of messages of one source"},
    CapabilityName{DISPYTCH_CAN_ACK_EACH, "ack_each", "acknowledge one message by itself"},
    CapabilityName{DISPYTCH_CAN_ACK_UP_TO, "ack_up_to", "acknowledge a message and all before it"},
    CapabilityName{DISPYTCH_CAN_REQUEUE, "requeue", "deliver a message again on demand"},
    CapabilityName{DISPYTCH_CAN_REJECT, "reject", "put a message aside on demand"},
    CapabilityName{DISPYTCH_CAN_COUNT_ATTEMPTS, "count_attempts", "count a message's deliveries"},
    CapabilityName{DISPYTCH_CAN_PERSIST, "persist", "keep messages over a restart of the broker"},
    CapabilityName{DISPYTCH_CAN_SEEK, "seek", "move to another offset"},
    CapabilityName{DISPYTCH_CAN_PAUSE, "pause", "withhold one source and go on with the others"},
    CapabilityName{DISPYTCH_CAN_DELAY, "delay", "deliver a message later"},
    CapabilityName{DISPYTCH_CAN_IDEMPOTENT_PRODUCE, "idempotent_produce", "store a resent message once"},
    CapabilityName{DISPYTCH_CAN_TRANSACT, "transactions", "store messages and positions all or none"},
    CapabilityName{DISPYTCH_CAN_EPHEMERAL, "ephemeral", "look at messages and leave nothing behind"},
    CapabilityName{DISPYTCH_CAN_INSTANCE, "instance", "know a member again by its name"},
    CapabilityName{DISPYTCH_CAN_NULL_HEADERS, "null_headers", "tell a header without a value from an empty one"},
    CapabilityName{DISPYTCH_CAN_CARRY_ATTEMPTS, "carry_attempts", "keep the attempts of a message that is given back"},
    CapabilityName{DISPYTCH_CAN_BEGIN, "begin", "remember that a message was about to be handled"},
};

}  // namespace

std::span<const CapabilityName> capability_names() noexcept { return kNames; }

std::string capabilities_to_string(std::uint64_t bits) {
  std::string text;
  const auto add = [&](std::string_view name) {
    if (!text.empty()) text += ' ';
    text += name;
  };
  for (const CapabilityName& known : kNames) {
    if ((bits & known.bit) != 0) add(known.name);
    bits &= ~known.bit;
  }
  for (int n = 0; n < 64; ++n) {
    if ((bits & DISPYTCH_BIT(n)) != 0) add("bit" + std::to_string(n));
  }
  return text;
}

}  // namespace dispytch::border
