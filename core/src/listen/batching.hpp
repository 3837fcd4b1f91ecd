// Batches in the making: which messages wait for which others, and when a batch is due.
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "border/consumer_handle.hpp"
#include "codec/json_codec.hpp"
#include "lane/batch_builder.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/outcomes.hpp"
#include "listen/runner.hpp"
#include "listen/setup.hpp"
#include "route/router.hpp"

namespace dispytch::listen {

/// Owns the batches of all handlers of batches. A lane whose turn it is with a message for such a handler waits for company: in its lane
/// and beside it. A message that failed before is tried by itself, so that its neighbours bear no risk of it. The owner of the listener's
/// state.
class Batching {
 public:
  /// What it works on; all of it outlives the batching.
  struct Parts {
    const Setup& setup;
    border::ConsumerHandle& consumer;
    const Halt& halt;
    InFlight& in_flight;
    Outcomes& outcomes;
    const Runner& runner;
  };
  Batching(const route::Router& router, const Parts& parts);

  /// Finds the handler of batches that a message goes to which has just arrived.
  void choose_handler(inflight::Item& item);
  /// Lets such a message take part in the batch that its lane waits for.
  void arrived(inflight::Item& item, lane::Lane& lane);
  /// While a poll's messages are arriving, a batch that is not full waits for the rest of them.
  void set_arriving(bool arriving) noexcept { arriving_ = arriving; }

  /// Takes the lanes out of those that are ready whose first message goes to a handler of batches. The others keep their order.
  void gather_ready();
  /// Returns the batch that is to be handled now: one that is full, or whose oldest lane has waited long enough, or that gets no more
  /// company for want of room. nullptr: none.
  lane::BatchBuilder* due();
  /// Returns when the next batch has waited long enough; nullopt: none is in the making.
  std::optional<std::chrono::nanoseconds> next_due() const;
  /// Takes a lane out of its batch, which is ready from now on. Its messages take part again at their turn.
  void leave(lane::Lane& lane);
  /// Copies out what waits for company, so that it does not pin the batch of the broker in which it came.
  void copy_out_waiting();

 private:
  lane::BatchBuilder& builder_of(const handle::BoundHandler& handler);
  bool gather(lane::Lane& lane);
  bool join(lane::Lane& lane, inflight::Item& item, lane::BatchBuilder& builder);
  bool may_join(inflight::Item& item, const lane::BatchBuilder& builder);

  Parts parts_;
  codec::Decoder decoder_;
  std::deque<lane::BatchBuilder> builders_;
  bool arriving_ = false;
};

}  // namespace dispytch::listen
