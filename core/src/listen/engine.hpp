// The engine of a listener: polls, puts messages into lanes, has them handled, tries again, buries, holds, settles. One step at a time, so
// that a thread, a test harness or a simulator can drive it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include <dispytch/message.hpp>
#include <dispytch/result.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "border/consumer_handle.hpp"
#include "lane/gather.hpp"
#include "lane/lanes.hpp"
#include "listen/counters.hpp"
#include "listen/dead_letters.hpp"
#include "listen/executor.hpp"
#include "listen/failure.hpp"
#include "listen/inbox.hpp"
#include "listen/options.hpp"
#include "listen/requeued.hpp"
#include "listen/runner.hpp"
#include "listen/timers.hpp"
#include "route/router.hpp"
#include "settle/ledger.hpp"

namespace dispytch::listen {

class Keeper;

struct EngineOptions {
  std::string name = "listener";
  std::string group = {};
  bool at_most_once = false;
  std::chrono::milliseconds drain{25'000};
  DeliveryOptions delivery = {};
  std::uint32_t batch_messages = 1024;  ///< credit for one poll, at most
  std::uint64_t batch_bytes = 16 * 1024 * 1024;
  std::string skip_command = {};  ///< what lets a held message go, to be followed by its place; empty: nothing does while it runs
  bool quiet = false;             ///< assignments and the end are logged as debug, for tests
  const Clock* clock = &system_clock();
  Random* random = nullptr;                           ///< null: the thread's own
  std::unique_ptr<Executor> executor = {};            ///< null: handlers run on the thread that steps
  std::unique_ptr<DeadLetters> dead_letters = {};     ///< null: there are none
  std::shared_ptr<detail::EmitterCore> emitter = {};  ///< for Context::emit; may be null
  /// Waits between two tries to reach the broker; empty: on the machine's clock, until the token asks to stop.
  std::function<void(std::chrono::milliseconds pause, const std::stop_token& stop)> wait = {};
  std::function<void(const Failure&)> failed = {};  ///< told of each message that is stopped for, held or buried; may be empty
};

/// Throws Exception (ErrorCode::config) where a backend can't acknowledge and nobody said that at most once will do.
void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener);

/// Throws Exception (ErrorCode::config) where a listener wants order by key, and its backend doesn't keep a key's messages together.
void require_order(std::uint64_t capabilities, Ordering ordering, const std::string& listener);

/// Where handlers let their messages go back to the broker: throws Exception (ErrorCode::config) where it can't keep them, and warns where
/// the listener asks for order by key, which those messages leave.
void require_requeueing(std::uint64_t capabilities, const route::Router& router, Ordering ordering, const std::string& listener);

/// One listener over one consumer.
///
/// All state belongs to one thread at a time: the one that steps, or the keeper while a handler is slow on it. Workers, emitters and
/// Completions speak to it through the inbox alone. step() and drain(): one call at a time.
class Engine {
 public:
  enum class Step : std::uint8_t { handled, event, idle };

  Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options);
  ~Engine();

  /// Does what is due, polls once, at most for `timeout`, and handles what came. After an error only drain() is left; failure() says more
  /// where it was a message's.
  Result<Step> step(std::chrono::milliseconds timeout, const std::stop_token& stop);

  /// The end: what has not begun is let go; what runs is awaited, at most for options.drain; what is finished is settled and durable at
  /// the broker when this returns; then the group is left (at most border::kCloseTimeout more).
  Result<void> drain();
  /// The same by steps, for who drives the engine: begin_drain(), drain_step() until it returns true, end_drain().
  void begin_drain();
  bool drain_step(std::chrono::milliseconds timeout);
  Result<void> end_drain();

  /// step() until the token asks to stop, then drain(). Blocks; stop requests wake it. Keeps the group alive while a handler is slow.
  Result<void> run(const std::stop_token& stop);

  /// When something is due that no poll brings; nullopt: nothing.
  std::optional<std::chrono::nanoseconds> next_due() const;
  /// The same, but for the timeouts of handlers that finish later.
  std::optional<std::chrono::nanoseconds> next_attempt_due() const;
  /// Whether a message is in hand, held ones included.
  std::size_t unfinished() const noexcept { return unfinished_; }

  const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Messages whose handlers, or what these began, outlived the drain. Any thread.
  std::size_t still_running() const noexcept { return still_running_.load(std::memory_order_relaxed); }
  /// Whether all that is left is the broker's part of drain(): no handler runs any more. Any thread.
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  const Counters& counters() const noexcept { return counters_; }
  const std::string& name() const noexcept { return options_.name; }
  const std::string& group() const noexcept { return options_.group; }
  std::chrono::nanoseconds stuck_after() const noexcept { return options_.delivery.stuck_after; }
  /// Handlers that aren't called for now, but to probe. Any thread.
  std::size_t open_breakers() const { return router_.open_breakers(); }
  /// What other threads want of it. It outlives the engine.
  const std::shared_ptr<Inbox>& inbox() const noexcept { return inbox_; }

  // By the owner of the state: through the inbox.
  /// The messages that have been unfinished for longer than `limit`, the first of each lane, the oldest of them first; at most `most`.
  std::vector<Unfinished> unfinished_for(std::chrono::nanoseconds limit, std::size_t most);
  /// Lets one message go that waits or is held: it is settled, counted as skipped and logged with `who`.
  Result<void> skip(std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who);

 private:
  friend class Keeper;
  using nanoseconds = std::chrono::nanoseconds;

  struct Due {
    nanoseconds when;
    lane::Item* item;
    std::uint64_t serial;
    bool of_dead_letter = false;
  };
  struct HeldBatch {
    lane::SharedBatch* batch;
    std::uint64_t serial;
  };
  struct Overdue {
    nanoseconds when;
    Parcel* parcel;
    std::uint64_t serial;
  };
  // A revocation that waits for handlers.
  struct Parting {
    std::vector<settle::Source*> sources;
    std::uint64_t event_token;
    nanoseconds deadline;
    nanoseconds give_up;  // settling must be over
    std::string list;
  };

  // engine.cpp: the step
  Result<Step> poll(std::chrono::milliseconds timeout, const std::stop_token& stop);
  bool work_through();
  std::uint32_t credit() const noexcept;
  Result<void> settle();
  Result<void> survive(Error error, const std::stop_token& stop);
  void make_durable();
  Error to_error(dispytch_status status, const dispytch_error& error) const;
  void announce(std::string_view text) const;
  void note_idle(nanoseconds since);
  std::uint64_t ended() const noexcept;  // messages that need nothing more here
  std::string what_is_left() const;
  nanoseconds now() const noexcept { return options_.clock->monotonic(); }
  bool ends() const noexcept { return failure_ || error_meanwhile_ || let_all_go_; }  // nothing more is begun
  bool in_hand(const lane::Item& item, std::uint64_t serial) const noexcept { return item.serial == serial; }

  // arrival.cpp: from a batch into lanes
  void take_batch(border::Batch batch, const std::stop_token& stop);
  lane::Item* arrive(const dispytch_message& raw, lane::SharedBatch& shared, nanoseconds at);
  void recall(lane::Item& item, const lane::Place& place);
  void dispatch();
  void dispatch_here();
  void run_here(lane::Item& item);
  void withhold_where_full(settle::Source& source, lane::Lane& lane);
  void resume_where_room();
  Result<void> withhold(settle::Source& source, bool on);
  void release_share(lane::Item& item) noexcept;
  void give_up_share(lane::SharedBatch& shared) noexcept;
  void park_oldest();
  void park(lane::Item& item);

  // gather.cpp: batches
  lane::Gather* gather_of(lane::Item& item);
  void gather_ready();
  bool gather(lane::Lane& lane);
  bool join_in(lane::Lane& lane, lane::Item& item, lane::Gather& gather);
  bool may_join(lane::Item& item, const lane::Gather& gather);
  lane::Gather* due_gather();
  std::optional<nanoseconds> next_gather() const;
  void take_gathered(lane::Gather& gather, std::vector<lane::Item*>& into);
  void run_gathered_here(lane::Gather& gather);
  void gathered_returned(std::span<lane::Item* const> items);
  void defer(lane::Item& item);
  void park_gathered();

  // hand_out.cpp: from lanes to workers, and back
  void dispatch_to_workers();
  bool room_for_parcels() const noexcept;
  Parcel& free_parcel();
  void submit(Parcel& parcel);
  void parcel_returned(Parcel& parcel);
  void judge_all(std::span<lane::Item* const> items, const lane::Lane* busy);
  void take_back(Parcel& parcel);
  bool take_back_overdue(nanoseconds at);
  void take_back_all();

  // outcome.cpp: what becomes of a message
  void judge(lane::Item& item);
  void await(lane::Item& item);
  void answered(lane::Item& item, std::uint64_t serial, Attempt::Answer answer);
  void take_trouble(lane::Item& item);
  void tell_of_outage(const lane::Trouble& trouble);
  void try_again(lane::Item& item, nanoseconds delay);
  void try_again_later(lane::Item& item, const handle::Policy& policy, nanoseconds delay);
  void requeue(lane::Item& item, nanoseconds delay);
  nanoseconds in_place(nanoseconds wait) const noexcept { return std::min<nanoseconds>(wait, options_.delivery.in_place_max); }
  static std::uint32_t attempts_made(const lane::Item& item, const handle::Policy& policy) noexcept;
  void block(lane::Item& item);
  void give_up(lane::Item& item, OnFailure how);
  void bury(lane::Item& item);
  void buried(lane::Item& item, std::uint64_t serial, const Result<Receipt>& result);
  void hold(lane::Item& item);
  void stop_for(lane::Item& item);
  void finish(lane::Item& item);
  void drop_item(lane::Item& item);
  void advance(lane::Lane& lane);
  void start_running(lane::Item& item) noexcept;
  void stop_running(lane::Item& item) noexcept;
  bool fire(nanoseconds at);
  void time_out(lane::Item& item);
  void remember(Timers<Due>& timers, Due due);
  Failure describe(const lane::Item& item) const;
  Unfinished look_at(const lane::Item& item, nanoseconds at) const;
  const handle::Policy& policy_of(const lane::Item& item) const noexcept;

  // parting.cpp: rebalance and drain
  void handle_event(const border::Batch& batch);
  void assigned(const border::Batch& batch);
  void revoking(const border::Batch& batch);
  void lost(const border::Batch& batch);
  void give_back(std::size_t sources) noexcept;
  void advance_partings();
  void part(Parting& parting);
  void let_go(const std::vector<settle::Source*>& sources);
  void let_go(lane::Lane& lane, const std::vector<settle::Source*>& sources);
  void forget(settle::Source& source);
  std::vector<settle::Source*> sources_of(const border::Batch& batch);
  void lose(const std::vector<settle::Source*>& sources);
  void confirm(std::uint64_t event_token);
  bool anything_running() const noexcept { return running_ > 0; }

  EngineOptions options_;
  const std::string log_source_;
  const std::unique_ptr<border::ConsumerHandle> consumer_;
  const bool can_withhold_;
  const handle::Policy listener_policy_;  // of messages for which no handler was found
  route::Router router_;
  const std::shared_ptr<Inbox> inbox_;
  settle::Ledger ledger_;
  lane::Lanes lanes_;
  lane::ItemPool items_;
  Runner runner_;
  codec::Decoder decoder_;  // of the thread that steps
  Counters counters_;
  std::optional<Failure> failure_;
  std::optional<Error> error_meanwhile_;  // what the keeper's steps ended with, for the thread that steps

  std::size_t unfinished_ = 0;
  std::uint64_t unfinished_bytes_ = 0;
  std::size_t running_ = 0;         // messages with a worker, a Completion, an emitter, or on the way to the dead letters
  std::size_t withheld_lanes_ = 0;  // lanes that have had their share
  std::size_t withheld_sources_ = 0;
  std::unordered_map<std::uint64_t, Attempt::Answer> early_answers_;  // by serial: came before the worker was back
  Timers<Due> attempts_due_;                                          // of messages, and of their dead letters
  Timers<Due> timeouts_;                                              // of handlers that finish later
  Requeued requeued_;
  std::vector<const handle::BoundHandler*> warned_of_waits_;                   // each once
  std::unordered_map<const handle::BoundHandler*, nanoseconds> outages_told_;  // when last
  std::deque<Parting> partings_;
  std::vector<std::unique_ptr<lane::SharedBatch>> batches_;  // all there are; those without users are used again
  std::vector<lane::SharedBatch*> free_batches_;
  std::uint64_t batch_serial_ = 0;
  std::deque<HeldBatch> held_batches_;  // with workers: by their arrival; those that are over stay until they are the first
  std::vector<std::unique_ptr<Parcel>> parcels_;
  std::vector<Parcel*> free_parcels_;
  std::size_t parcels_out_ = 0;
  std::uint64_t parcel_serial_ = 0;
  std::deque<Overdue> overdue_;  // parcels of several messages, by the time at which they should be back
  double item_cost_ns_ = 0;      // of a message's handling by workers, smoothed
  bool here_busy_ = false;       // a handler runs on the thread that steps
  nanoseconds arrived_{};        // of the batch at hand
  bool arriving_ = false;        // it is being taken in

  std::vector<std::unique_ptr<lane::Gather>> gathers_;  // one for each handler of batches
  std::vector<lane::Item*> gathered_here_;              // the batch that is handled on the thread that steps

  bool announces_sources_ = false;  // the backend tells of its sources: without any there is nothing to be idle of
  bool unsynced_ = false;           // something was settled since the broker was last waited for
  bool let_all_go_ = false;         // the drain has begun
  std::stop_token stop_;            // of the step at hand
  std::chrono::nanoseconds drain_deadline_{};
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> still_running_{0};
  struct {
    std::uint64_t unfinished = 0, ended = 0, held = 0, waiting = 0;
  } at_drain_;  // what there was when it began
  std::chrono::milliseconds pause_after_error_{0};
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace dispytch::listen
