// Puts a message in hand into words.
#pragma once

#include <chrono>

#include <dispytch/message.hpp>

#include "border/consumer_handle.hpp"
#include "inflight/item.hpp"
#include "lane/lanes.hpp"
#include "listen/failure.hpp"
#include "listen/setup.hpp"

namespace dispytch::listen {

/// Returns a view of the message, valid as long as the item is in hand.
inline Message message_of(const inflight::Item& item, border::ConsumerHandle& consumer) {
  return {*item.raw, &consumer.api(), consumer.raw()};
}

/// Returns where the message is, and why it failed where it did.
Failure describe(const inflight::Item& item, border::ConsumerHandle& consumer);

/// Returns what an unfinished message waits for. Not for a message whose source is gone.
Unfinished describe_wait(const inflight::Item& item, const lane::Lane& lane, const Setup& setup, border::ConsumerHandle& consumer);

}  // namespace dispytch::listen
