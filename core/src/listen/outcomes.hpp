// What becomes of a message after its handlers were called.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "border/consumer_handle.hpp"
#include "listen/attempt.hpp"
#include "listen/counters.hpp"
#include "listen/deadlines.hpp"
#include "listen/decide.hpp"
#include "listen/endings.hpp"
#include "listen/in_flight.hpp"
#include "listen/requeued.hpp"
#include "listen/runner.hpp"
#include "listen/setup.hpp"
#include "listen/suspects.hpp"

namespace dispytch::listen {

/// Takes the results of handlers and does what decide() says of those that failed. Owns the answers that are outstanding, or came before
/// their worker. The owner of the listener's state.
class Outcomes {
 public:
  /// What it works on; all of it outlives the outcomes.
  struct Parts {
    const Setup& setup;
    border::ConsumerHandle& consumer;
    InFlight& in_flight;
    Deadlines& deadlines;
    Requeued& requeued;
    Counters& counters;
    const Runner& runner;
    Endings& endings;
    Suspects& suspects;
  };
  explicit Outcomes(const Parts& parts) : parts_{parts} {}

  /// The worker of a message is back, and left a verdict in it. The message's lane is running, and is the caller's to advance.
  void returned(inflight::Item& item);
  /// The same for the messages of a batch, those of one lane one behind the other in their order. Their lanes are advanced.
  void batch_returned(std::span<inflight::Item* const> items);
  /// A Completion was called, or what a handler emitted is confirmed or not, for the attempt that had `serial`.
  void answered(inflight::Item& item, std::uint64_t serial, Attempt::Answer answer);
  /// A handler that was to finish later did not in time.
  void timed_out(inflight::Item& item);

  /// Deals with a message that failed in a batch behind others of its lane, now that it is the first.
  void resume_deferred(inflight::Item& item);
  /// Lets such a message be tried again in a batch with the first of its lane. Returns false where it failed for a reason of its own.
  bool rejoin(inflight::Item& item);

 private:
  void apply(inflight::Item& item);
  void concluded(inflight::Item& item);
  void finish_wait(inflight::Item& item, Attempt::Answer answer);
  void fence(inflight::Item& item);
  void await_answer(inflight::Item& item);
  std::optional<Attempt::Answer> take_early_answer(const inflight::Item& item);
  void on_failure(inflight::Item& item);
  void retry(inflight::Item& item, std::chrono::nanoseconds delay);
  void requeue(inflight::Item& item, std::chrono::nanoseconds delay);
  void defer(inflight::Item& item);
  void warn_of_outage(const inflight::HandlingFailure& failure);
  void warn_of_tombstone(const inflight::Item& item);
  void warn_of_long_wait(const inflight::Item& item, std::chrono::nanoseconds delay);

  Parts parts_;
  std::unordered_map<std::uint64_t, Attempt::Answer> early_answers_;                             // by serial
  std::set<std::string, std::less<>> warned_of_tombstones_;                                      // topics, each once
  std::vector<const handle::BoundHandler*> warned_of_waits_;                                     // each once
  std::unordered_map<const handle::BoundHandler*, std::chrono::nanoseconds> warned_of_outages_;  // when last
};

}  // namespace dispytch::listen
