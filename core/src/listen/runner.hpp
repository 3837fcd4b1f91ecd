// Calls the handlers of a message and says what came of it. The only part of a listener that runs on several threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <dispytch/message.hpp>

#include "base/clock.hpp"
#include "border/consumer_handle.hpp"
#include "codec/json_codec.hpp"
#include "lane/item.hpp"
#include "listen/attempt.hpp"
#include "listen/delivery.hpp"
#include "listen/gathered.hpp"
#include "listen/inbox.hpp"
#include "listen/options.hpp"

namespace dispytch::listen {

struct RunnerOptions {
  std::string log_source = {};
  OnUnhandled on_unhandled = OnUnhandled::settle;
  const Clock* clock = &system_clock();
  std::shared_ptr<detail::EmitterCore> emitter = {};  ///< for Context::emit; may be null
  std::shared_ptr<Inbox> inbox = {};
  /// What a message's attempt came to, where its handler returned before that was known. Called by the inbox's owner.
  std::function<void(lane::Item& item, std::uint64_t serial, Attempt::Answer answer)> answered = {};
};

/// Without state of its own: run() may be called for different items on several threads at a time.
class Runner {
 public:
  Runner(border::ConsumerHandle& consumer, RunnerOptions options) : consumer_{&consumer}, options_{std::move(options)} {}

  /// Calls the handlers of the message that haven't ended well yet, and leaves the verdict, and perhaps a Trouble, in the item. The item
  /// is the caller's alone meanwhile. `decoder` is the thread's own.
  void run(lane::Item& item, codec::Decoder& decoder) const;

  /// Calls a handler of batches with all of the messages but those whose source was let go, and leaves a verdict in each. At least one.
  void run_batch(std::span<lane::Item* const> items, const handle::BoundHandler& handler, codec::Decoder& decoder) const;

  /// 1: the message is tried for the first time. The broker's count of deliveries, where it keeps one, and ours.
  static std::uint32_t attempt_number(const lane::Item& item) noexcept {
    const bool of_another = item.owned && item.owned->resumed_at >= 0 && item.owned->resumed_at != item.next_target;
    return (of_another ? 1u : std::max(item.raw->attempt, 1u)) + item.attempts;
  }
  /// Monotonic: its arrival, or that of the delivery before it was given back to the broker, where that is known.
  static std::chrono::nanoseconds first_seen(const lane::Item& item) noexcept {
    return item.arrived - (item.owned ? item.owned->seen_before : std::chrono::nanoseconds{0});
  }
  std::shared_ptr<Attempt> make_attempt(lane::Item& item) const;
  /// What an answer says of the item whose handler gave it; the handler's gate hears of it.
  lane::Verdict conclude(lane::Item& item, const handle::BoundHandler& handler, Attempt::Answer answer) const;

 private:
  /// What the gate hears of an attempt. Whether the handler was paused before: a failure then uses up no attempt.
  bool tell_gate(const handle::BoundHandler& handler, bool failed, std::string_view cause) const;
  /// Of a message that the gate doesn't let pass yet.
  static lane::Trouble postponed(const handle::BoundHandler& handler, std::chrono::nanoseconds wait);
  /// What the handler's own word, or its failure without an exception, makes of the message.
  lane::Verdict judge(lane::Item& item, const handle::BoundHandler& handler, Attempt::Answer answer, bool paused) const;
  /// The same of a message in a batch.
  lane::Verdict conclude(lane::Item& item, const handle::BoundHandler& handler, GatheredDelivery::Word word, bool paused) const;
  const route::Target* target(const lane::Item& item, const route::TypeRoute* route, std::size_t index) const noexcept;
  lane::Verdict call(lane::Item& item, const route::Target& target, MessageDelivery& delivery) const;

  border::ConsumerHandle* consumer_;
  RunnerOptions options_;
};

}  // namespace dispytch::listen
