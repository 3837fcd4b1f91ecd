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
#include "inflight/item.hpp"
#include "listen/attempt.hpp"
#include "listen/batch_delivery.hpp"
#include "listen/delivery.hpp"
#include "listen/inbox.hpp"
#include "policy/delivery_options.hpp"

namespace dispytch::listen {

struct RunnerOptions {
  std::string log_source = {};
  policy::OnUnhandled on_unhandled = policy::OnUnhandled::settle;
  OnTombstone on_tombstone = OnTombstone::settle;
  const Clock* clock = &system_clock();
  std::shared_ptr<detail::EmitterCore> emitter = {};  ///< for Context::emit; may be null
  std::shared_ptr<Inbox> inbox = {};
  /// What a message's attempt came to, where its handler returned before that was known. Called by the inbox's owner.
  std::function<void(inflight::Item& item, std::uint64_t serial, Attempt::Answer answer)> answered = {};
};

/// Without state of its own: run() may be called for different items on several threads at a time.
class Runner {
 public:
  Runner(border::ConsumerHandle& consumer, RunnerOptions options) : consumer_{&consumer}, options_{std::move(options)} {}

  /// Calls the handlers of the message that haven't ended well yet, and leaves the verdict, and perhaps a HandlingFailure, in the item. The
  /// item is the caller's alone meanwhile. `decoder` is the thread's own.
  void run(inflight::Item& item, codec::Decoder& decoder) const;

  /// Calls a handler of batches with all of the messages but those whose source was revoked, and leaves a verdict in each. At least one.
  /// Returns false where what the handler emitted by its Context is still to be confirmed: the verdicts come by conclude(), once `answered`
  /// has been called.
  bool run_batch(std::span<inflight::Item* const> items, const handle::BoundHandler& handler, codec::Decoder& decoder,
                 BatchAnswered answered) const;
  /// Leaves the verdicts of a batch whose answer is there.
  void conclude(AwaitedBatch& batch) const;

  /// Makes an attempt whose answer goes to the listener, as that of the item.
  std::shared_ptr<Attempt> make_attempt(inflight::Item& item) const;
  /// Makes one whose answer goes to `answer`.
  std::shared_ptr<Attempt> make_attempt(const inflight::Item& item, std::function<void(Attempt::Answer)> answer) const;
  /// Returns what an answer says of the item whose handler gave it, and tells the handler's gate.
  inflight::Verdict conclude(inflight::Item& item, const handle::BoundHandler& handler, Attempt::Answer answer) const;

 private:
  /// Tells the gate of an attempt. Returns whether the handler was paused before: a failure then uses up no attempt.
  bool tell_gate(const handle::BoundHandler& handler, bool failed, std::string_view cause) const;
  /// Returns the failure of a message that the gate doesn't let pass yet.
  static inflight::HandlingFailure postponed(const handle::BoundHandler& handler, std::chrono::nanoseconds wait);
  /// What the handler's own result, or its failure without an exception, makes of the message.
  inflight::Verdict judge(inflight::Item& item, const handle::BoundHandler& handler, Attempt::Answer answer, bool paused) const;
  /// Calls the handler; what became of each message is in the delivery then. Returns false where the handler was not called.
  bool call_batch(std::span<inflight::Item* const> items, const handle::BoundHandler& handler, BatchDelivery& delivery) const;
  /// Runs a batch of one message, which waits for its answer as others do.
  void run_alone(inflight::Item& item, const handle::BoundHandler& handler, codec::Decoder& decoder) const;
  /// Tells the handler's gate of a batch, and leaves the verdicts.
  void conclude(std::vector<BatchDelivery::Entry>& entries, const handle::BoundHandler& handler) const;
  /// The same of a message in a batch.
  inflight::Verdict conclude(inflight::Item& item, const handle::BoundHandler& handler, BatchDelivery::ItemResult result,
                             bool paused) const;
  /// Returns what becomes of a message whose type no handler wants.
  inflight::Verdict pass_over_type(inflight::Item& item, std::string_view type) const;
  /// Returns what becomes of a message without payload that no handler takes.
  inflight::Verdict pass_over_tombstone(inflight::Item& item) const;
  const route::Target* target(const inflight::Item& item, const route::TypeRoute* route, std::size_t index) const noexcept;
  inflight::Verdict call(inflight::Item& item, const route::Target& target, MessageDelivery& delivery) const;

  border::ConsumerHandle* consumer_;
  RunnerOptions options_;
};

}  // namespace dispytch::listen
