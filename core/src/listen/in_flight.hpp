// The messages in hand: from their arrival until they are settled or left to their next owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "border/consumer_handle.hpp"
#include "inflight/item.hpp"
#include "lane/lanes.hpp"
#include "listen/backpressure.hpp"
#include "listen/batch_store.hpp"
#include "listen/counters.hpp"
#include "settle/ledger.hpp"

namespace dispytch::listen {

/// Holds together what knows of a message: its lane, its batch, its source's window, the bounds. A message enters and leaves all of them
/// here, and a lane that has to wait pins no batch. The owner of the listener's state.
class InFlight {
 public:
  struct Options {
    settle::Acknowledge acknowledge = settle::Acknowledge::up_to;
    Ordering ordering = Ordering::partition;
    Backpressure::Options bounds = {};
  };
  InFlight(border::ConsumerHandle& consumer, Counters& counters, Options options)
      : counters_{&counters},
        ledger_{options.acknowledge, options.bounds.limits.span},
        lanes_{options.ordering},
        batches_{consumer, options.bounds.log_source},
        backpressure_{ledger_, consumer, std::move(options.bounds)} {}

  /// Makes an item of a message that arrived in `batch`, of a source that is read. enter() puts it into its lane.
  inflight::Item& make(const dispytch_message& raw, inflight::SharedBatch& batch, settle::Source& source, std::chrono::nanoseconds at) {
    inflight::Item& item = items_.take();
    BatchStore::attach(item, batch, raw);
    item.source = &source;
    item.ordinal = ledger_.arrive(source, raw.token);
    item.bytes = raw.key.len + raw.payload.len;
    item.arrived = at;
    return item;
  }
  lane::Lane& enter(inflight::Item& item, lane::Place& place, std::string_view key, bool has_key) {
    lane::Lane& lane = lanes_.push(item, place, key, has_key);
    if (lane.state == lane::Lane::State::blocked) batches_.copy_out(item);
    backpressure_.arrived(item, lane);
    return lane;
  }

  // A lane that has to wait.
  /// Lets the message wait at the head of its lane; who calls sets the time at which it is due().
  void wait(inflight::Item& item) {
    lanes_.wait(item);
    batches_.copy_out_from(item);
  }
  void hold(inflight::Item& item) {
    lanes_.hold(item);
    batches_.copy_out_from(item);
  }
  void begin_dead_letter(inflight::Item& item) {
    lanes_.begin_dead_letter(item);
    batches_.copy_out_from(item);
  }
  /// Puts a message back into its lane that was not begun, or whose next handler's turn it is, or leaves it to its source's next owner.
  void put_back(inflight::Item& item);
  /// Invalidates callbacks that still refer to the message's current attempt, and ends the lane's wait for them.
  void resume(inflight::Item& item) noexcept {
    items_.renew(item);
    lanes_.resume(item);
  }

  // The end of a message.
  /// Settles the message, and counts it by its verdict. Its source is not gone.
  void finish(inflight::Item& item);
  /// Has the broker deliver the message again after `delay_ms`, with the attempts made; the lane goes on without it.
  void requeue(inflight::Item& item, std::uint32_t delay_ms, std::uint32_t attempts);
  /// Takes the message out of its lane and of all counts without settling it: it is its source's next owner's.
  void leave(inflight::Item& item);
  /// Lets a lane go on whose first messages are back.
  void advance(lane::Lane& lane) {
    backpressure_.shrank(lane);
    lanes_.advance(lane);
  }
  /// The same for a lane whose first message left while it waited.
  void first_left(lane::Lane& lane) {
    backpressure_.shrank(lane);
    lanes_.first_left(lane);
  }
  /// Drops a source that was given up. Messages that still run are somebody else's.
  void forget(settle::Source& source);
  std::vector<settle::Source*> sources();

  settle::Ledger& ledger() noexcept { return ledger_; }
  lane::Lanes& lanes() noexcept { return lanes_; }
  BatchStore& batches() noexcept { return batches_; }
  Backpressure& backpressure() noexcept { return backpressure_; }
  std::size_t unfinished() const noexcept { return backpressure_.unfinished(); }
  /// Returns whether nothing goes on by itself: each lane is empty, or waits for a person.
  bool is_at_rest();

  /// Publishes the counts of what is in hand now.
  void publish() noexcept;

 private:
  Counters* counters_;
  settle::Ledger ledger_;
  lane::Lanes lanes_;
  inflight::ItemPool items_;
  BatchStore batches_;
  Backpressure backpressure_;
};

}  // namespace dispytch::listen
