// The engine of a listener: polls, has messages handled, settles. One step at a time, so that a thread, a test harness or a simulator can
// drive it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <dispytch/message.hpp>
#include <dispytch/result.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/role.hpp"
#include "border/consumer_handle.hpp"
#include "listen/arrivals.hpp"
#include "listen/batching.hpp"
#include "listen/counters.hpp"
#include "listen/dead_letters.hpp"
#include "listen/deadlines.hpp"
#include "listen/dispatcher.hpp"
#include "listen/endings.hpp"
#include "listen/executor.hpp"
#include "listen/failure.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/inbox.hpp"
#include "listen/lag.hpp"
#include "listen/last_words.hpp"
#include "listen/membership.hpp"
#include "listen/outcomes.hpp"
#include "listen/requeued.hpp"
#include "listen/revocations.hpp"
#include "listen/runner.hpp"
#include "listen/settling.hpp"
#include "listen/setup.hpp"
#include "listen/suspects.hpp"
#include "policy/delivery_options.hpp"
#include "route/router.hpp"

namespace dispytch::listen {

struct EngineOptions {
  std::string name = "listener";
  std::string group = {};
  bool at_most_once = false;
  std::chrono::milliseconds drain{25'000};
  policy::DeliveryOptions delivery = {};
  std::uint32_t batch_messages = 1024;  ///< credit for one poll, at most
  std::uint64_t batch_bytes = 16 * 1024 * 1024;
  std::string skip_command = {};  ///< lets a held message go, to be followed by its place; empty: nothing does while the listener runs
  bool quiet = false;             ///< assignments and the end are logged as debug, for tests
  const Clock* clock = &system_clock();
  Random* random = nullptr;                           ///< null: the thread's own
  std::unique_ptr<Executor> executor = {};            ///< null: handlers run on the thread that steps
  std::unique_ptr<DeadLetters> dead_letters = {};     ///< null: there are none
  std::shared_ptr<detail::EmitterCore> emitter = {};  ///< for Context::emit; may be null
  /// Waits between two tries to reach the broker; empty: on the machine's clock, until the token asks to stop.
  std::function<void(std::chrono::milliseconds pause, const std::stop_token& stop)> wait = {};
  std::function<void(const Failure&)> failed = {};  ///< told of each message that is stopped for, held or dead-lettered; may be empty
};

/// One listener over one consumer: the order of the steps, and nothing else. Each invariant has an owner of its own beside this file.
///
/// All state belongs to one thread at a time: the one that steps, or the membership keeper while a handler is slow on it. Workers, emitters
/// and Completions speak to it through the inbox alone. step() and drain(): one call at a time. That is a role, which clang checks: members
/// of the role are touched by its functions alone.
class Engine {
 public:
  enum class Step : std::uint8_t { handled, event, idle };

  Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options);
  ~Engine();

  /// Does what is due, polls once, at most for `timeout`, and handles what came. After an error only drain() is left; failure() says more
  /// where it was a message's.
  Result<Step> step(std::chrono::milliseconds timeout, const std::stop_token& stop);

  /// Ends the listener: messages that have not begun are left to the next owner; those that run are awaited, at most for options.drain;
  /// what is finished is settled and durable at the broker when this returns; then the group is left (at most border::kCloseTimeout more;
  /// within options.drain as well where the broker answers nothing).
  Result<void> drain();
  /// The same by steps, for who drives the engine: begin_drain(), drain_step() until it returns true, end_drain().
  void begin_drain();
  bool drain_step(std::chrono::milliseconds timeout);
  Result<void> end_drain();

  /// Steps until the token asks to stop, then drains. Blocks; stop requests wake it. Keeps the group alive while a handler is slow.
  Result<void> run(const std::stop_token& stop);

  /// Returns when something is due that no poll brings; nullopt: nothing.
  std::optional<std::chrono::nanoseconds> next_due() const;
  /// The same, but for the time-outs of handlers that finish later.
  std::optional<std::chrono::nanoseconds> next_attempt_due() const;
  /// Returns how many messages are in hand, held ones included.
  std::size_t unfinished() const noexcept {
    owner_.assert_held();
    return in_flight_.unfinished();
  }

  const std::optional<Failure>& failure() const noexcept {
    owner_.assert_held();
    return halt_.failure();
  }
  /// Returns how many messages have handlers, or something that these began, that outlived the drain. Any thread.
  std::size_t still_running() const noexcept { return still_running_.load(std::memory_order_relaxed); }
  /// Whether all that is left is the broker's part of drain(): no handler runs any more. Any thread.
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  /// Returns whether nothing is in hand any more: all that was handled is stored, and what is left is to leave the group. Any thread.
  bool leaving() const noexcept { return leaving_.load(std::memory_order_relaxed); }
  const Counters& counters() const noexcept { return counters_; }
  const std::string& name() const noexcept { return setup_.name; }
  const std::string& group() const noexcept { return setup_.group; }
  std::chrono::nanoseconds stuck_after() const noexcept { return setup_.delivery.stuck_after; }
  /// Returns how many handlers are not called for now, but to probe. Any thread.
  std::size_t open_breakers() const { return router_.open_breakers(); }
  /// Returns what other threads leave their news in. It outlives the engine.
  const std::shared_ptr<Inbox>& inbox() const noexcept { return inbox_; }

  // By the owner of the state: through the inbox.
  /// Returns the messages that have been unfinished for longer than `limit`, the first of each lane, the oldest of them first; at most
  /// `most`.
  std::vector<Unfinished> unfinished_for(std::chrono::nanoseconds limit, std::size_t most);
  /// Returns how far each source that is read is behind, where that is known.
  std::vector<Lag> lag() {
    owner_.assert_held();
    return lag_of(*consumer_, in_flight_, setup_);
  }
  /// Settles one message that waits or is held; it is counted as skipped and logged with `who`.
  Result<void> skip(std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who) {
    owner_.assert_held();
    return endings_.skip(topic, partition, offset, who);
  }
  Result<void> skip(std::string_view topic, std::string_view id, std::string_view who) {
    owner_.assert_held();
    return endings_.skip(topic, id, who);
  }

 private:
  std::unique_ptr<Dispatcher> make_dispatcher(std::unique_ptr<Executor> executor);
  Result<Step> poll(std::chrono::milliseconds timeout, const std::stop_token& stop) DISPYTCH_REQUIRES(owner_);
  void take_in(border::Batch batch, const std::stop_token& stop) DISPYTCH_REQUIRES(owner_);
  bool fire(std::chrono::nanoseconds now) DISPYTCH_REQUIRES(owner_);
  Result<void> survive(const Error& error, const std::stop_token& stop) DISPYTCH_REQUIRES(owner_);
  bool keep_alive();
  Error stopped_by(const Failure& failure) const { return {.code = failure.code, .text = to_string(failure)}; }

  Role owner_;
  const Setup setup_;
  const std::unique_ptr<border::ConsumerHandle> consumer_;
  route::Router router_;
  const std::shared_ptr<Inbox> inbox_;
  Counters counters_;
  Halt halt_ DISPYTCH_GUARDED_BY(owner_);
  Deadlines deadlines_ DISPYTCH_GUARDED_BY(owner_);
  Requeued requeued_ DISPYTCH_GUARDED_BY(owner_);
  Runner runner_;
  InFlight in_flight_ DISPYTCH_GUARDED_BY(owner_);
  Settling settling_ DISPYTCH_GUARDED_BY(owner_);
  Endings endings_ DISPYTCH_GUARDED_BY(owner_);
  Suspects suspects_ DISPYTCH_GUARDED_BY(owner_);
  Outcomes outcomes_ DISPYTCH_GUARDED_BY(owner_);
  Batching batching_ DISPYTCH_GUARDED_BY(owner_);
  const std::unique_ptr<Dispatcher> dispatcher_;
  Revocations revocations_ DISPYTCH_GUARDED_BY(owner_);
  Membership membership_ DISPYTCH_GUARDED_BY(owner_);
  Arrivals arrivals_ DISPYTCH_GUARDED_BY(owner_);

  const std::chrono::milliseconds drain_;
  const std::function<void(std::chrono::milliseconds, const std::stop_token&)> wait_;
  std::chrono::milliseconds pause_after_error_ DISPYTCH_GUARDED_BY(owner_){0};
  LastWords last_words_ DISPYTCH_GUARDED_BY(owner_);
  std::atomic<bool> draining_{false};
  std::atomic<bool> leaving_{false};
  std::atomic<std::size_t> still_running_{0};
};

}  // namespace dispytch::listen
