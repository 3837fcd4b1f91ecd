#include "listen/engine.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "base/signal.hpp"
#include "listen/describe.hpp"
#include "listen/inline_dispatcher.hpp"
#include "listen/pool_dispatcher.hpp"

namespace dispytch::listen {
namespace {

using inflight::Item;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// How long a poll waits for messages; a wake ends it sooner.
constexpr milliseconds kPollTimeout{1000};
// The same of the thread that keeps the membership.
constexpr milliseconds kKeepAlivePoll{50};
// While the broker is away: the first pause between tries, doubled up to the longest.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5000};
constexpr milliseconds kDrainStep{100};

// A broker that doesn't take what is settled while the drain lasts won't hear of the farewell either: that much of the drain is kept for
// it.
constexpr milliseconds kFarewellOfTheSilent{1'000};
bool is_silence(ErrorCode code) noexcept { return code == ErrorCode::timeout || code == ErrorCode::unavailable; }

settle::Acknowledge acknowledge_by(std::uint64_t capabilities, bool at_most_once) {
  if (at_most_once) return settle::Acknowledge::never;
  if ((capabilities & DISPYTCH_CAN_ACK_EACH) != 0) return settle::Acknowledge::each;
  return (capabilities & DISPYTCH_CAN_ACK_UP_TO) != 0 ? settle::Acknowledge::up_to : settle::Acknowledge::never;
}

Setup make_setup(const EngineOptions& options) {
  return {.name = options.name,
          .group = options.group,
          .log_source = "listener." + options.name,
          .delivery = options.delivery,
          .policy = policy::resolve(options.delivery.policy, options.dead_letters != nullptr),
          .has_dead_letters = options.dead_letters != nullptr,
          .quiet = options.quiet,
          .skip_command = options.skip_command,
          .clock = options.clock,
          .random = options.random != nullptr ? options.random : &thread_random()};
}

Backpressure::Options bounds_of(const EngineOptions& options, std::uint64_t capabilities) {
  return {.limits = options.delivery.limits,
          .can_withhold = (capabilities & DISPYTCH_CAN_PAUSE) != 0,
          .most = {.messages = options.batch_messages, .bytes = options.batch_bytes},
          .log_source = "listener." + options.name};
}

void wait_on_the_machines_clock(milliseconds pause, const std::stop_token& stop) {
  Signal stopped;
  const std::stop_callback set{stop, [&stopped] { stopped.set(); }};
  stopped.wait(pause);
}

}  // namespace

Engine::Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options)
    : setup_{make_setup(options)},
      consumer_{std::move(consumer)},
      router_{std::move(router)},
      inbox_{std::make_shared<Inbox>([consumer = consumer_.get()] { consumer->wake(); })},
      requeued_{setup_.delivery.limits.messages},
      runner_{*consumer_,
              {.log_source = setup_.log_source,
               .on_unhandled = setup_.delivery.on_unhandled,
               .on_tombstone = setup_.delivery.on_tombstone,
               .clock = setup_.clock,
               .emitter = options.emitter,
               .inbox = inbox_,
               .answered =
                   [this](Item& item, std::uint64_t serial, Attempt::Answer answer) {
                     owner_.assert_held();
                     outcomes_.answered(item, serial, std::move(answer));
                   }}},
      in_flight_{*consumer_,
                 counters_,
                 {.acknowledge = acknowledge_by(capabilities, options.at_most_once),
                  .ordering = setup_.delivery.ordering,
                  .bounds = bounds_of(options, capabilities)}},
      settling_{*consumer_, in_flight_.ledger(), halt_, setup_.log_source},
      endings_{{setup_, *consumer_, in_flight_, deadlines_, halt_, counters_, inbox_, std::move(options.dead_letters),
                std::move(options.failed)}},
      suspects_{{setup_, *consumer_, in_flight_, deadlines_}},
      outcomes_{{setup_, *consumer_, in_flight_, deadlines_, requeued_, counters_, runner_, endings_, suspects_}},
      batching_{router_, {setup_, *consumer_, halt_, in_flight_, outcomes_, runner_}},
      dispatcher_{make_dispatcher(std::move(options.executor))},
      revocations_{{setup_, halt_, in_flight_, batching_, *dispatcher_, settling_}},
      membership_{(capabilities & DISPYTCH_CAN_GROUPS) != 0, {setup_, halt_, in_flight_, revocations_, settling_, counters_}},
      arrivals_{membership_, in_flight_, router_, requeued_, batching_, setup_.delivery},
      drain_{options.drain},
      wait_{options.wait ? std::move(options.wait) : wait_on_the_machines_clock},
      last_words_{options.at_most_once} {}

std::unique_ptr<Dispatcher> Engine::make_dispatcher(std::unique_ptr<Executor> executor) {
  if (executor == nullptr) {
    return std::make_unique<InlineDispatcher>(InlineDispatcher::Parts{halt_, in_flight_, batching_, outcomes_, suspects_, runner_, inbox_});
  }
  return std::make_unique<PoolDispatcher>(
      PoolDispatcher::Parts{setup_, halt_, in_flight_, batching_, outcomes_, suspects_, runner_, inbox_, std::move(executor)});
}

Engine::~Engine() {
  dispatcher_->stop();
  inbox_->close();
}

Result<void> Engine::run(const std::stop_token& stop) {
  dispatcher_->keep_membership({.poll = [this] { return keep_alive(); }, .wake = [this] { consumer_->wake(); }});
  Result<void> result;
  {
    const std::stop_callback wake{stop, [this] { consumer_->wake(); }};  // over before the consumer is closed
    while (!stop.stop_requested() && result) {
      if (Result<Step> stepped = step(kPollTimeout, stop); !stepped) result = std::move(stepped).error();
    }
  }
  Result<void> drained = drain();  // also after an error: what was finished before is settled; the first error is the one to report
  return result ? std::move(drained) : std::move(result);
}

// ---- a step ----

Result<Engine::Step> Engine::step(milliseconds timeout, const std::stop_token& stop) {
  owner_.assert_held();
  if (!dispatcher_->is_busy()) halt_.watch(stop);  // the membership keeper steps without one
  bool worked = inbox_->run();                     // results of workers, confirmations of dead letters, an operator's skip
  worked = fire(setup_.now()) || worked;
  worked = dispatcher_->take_back_overdue() || worked;
  revocations_.advance();
  worked = dispatcher_->dispatch() || worked;
  settling_.settle_or_log(false);
  in_flight_.backpressure().resume_where_room();
  if (in_flight_.unfinished() == 0) router_.forget_replaced();
  in_flight_.publish();
  if (const auto& failure = halt_.failure()) return stopped_by(*failure);

  Result<Step> polled = poll(worked ? milliseconds{0} : timeout, stop);
  if (!polled) return polled;
  if (*polled == Step::handled) dispatcher_->dispatch();
  Result<void> settled = settling_.settle();
  in_flight_.publish();
  if (!settled && !settled.error().retriable) return std::move(settled).error();
  if (!settled) log::warning(setup_.log_source, settled.error().text + "; the broker is told again");
  if (const auto& failure = halt_.failure()) return stopped_by(*failure);
  if (auto error = halt_.take_error()) return *std::move(error);
  return worked && *polled == Step::idle ? Step::handled : *polled;
}

// Deals with retries and time-outs whose time has come. Returns whether there were any.
bool Engine::fire(nanoseconds now) {
  bool fired = false;
  while (const auto due = deadlines_.take_due(now)) {
    fired = true;
    if (!due->is_alive()) continue;
    Item& item = *due->item;
    switch (due->kind) {
      case Deadlines::Kind::handler_timeout:
        if (item.state == Item::State::awaiting) outcomes_.timed_out(item);
        break;
      case Deadlines::Kind::next_attempt:
        if (item.state == Item::State::waiting) in_flight_.lanes().due(item);
        break;
      case Deadlines::Kind::next_dead_letter:
        if (item.state == Item::State::waiting) endings_.dead_letter(item);
        break;
    }
  }
  return fired;
}

Result<Engine::Step> Engine::poll(milliseconds timeout, const std::stop_token& stop) {
  const nanoseconds before = setup_.now();
  if (const auto due = next_due()) {
    timeout = std::min(timeout, std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(*due - before)));
  }
  Credit credit = in_flight_.backpressure().credit();
  if (dispatcher_->is_busy() || halt_.is_over()) credit.messages = 0;
  Result<border::Batch> batch = consumer_->poll(credit.messages, credit.bytes, timeout);
  if (!batch) {
    if (Result<void> survived = survive(batch.error(), stop); !survived) return std::move(survived).error();
    return Step::idle;
  }
  pause_after_error_ = milliseconds{0};
  if (!*batch) {
    membership_.note_idle(before);
    return Step::idle;
  }
  membership_.note_busy();
  if (batch->kind() != DISPYTCH_MESSAGES) {
    membership_.handle(*batch);
    return Step::event;
  }
  take_in(std::move(*batch), stop);
  return Step::handled;
}

void Engine::take_in(border::Batch batch, const std::stop_token& stop) {
  inflight::SharedBatch& shared = in_flight_.batches().hold(std::move(batch));
  const nanoseconds at = setup_.now();
  const auto messages = shared.batch.messages();
  std::size_t taken = 0;
  dispatcher_->batch_begins();
  batching_.set_arriving(true);
  while (taken < messages.size() && !halt_.is_over() && !stop.stop_requested()) {
    if (Item* const item = arrivals_.take(messages[taken++], shared, at)) dispatcher_->arrived(*item);
  }
  batching_.set_arriving(false);
  Counters::add(counters_.received, taken);
  dispatcher_->batch_ends(shared);
  in_flight_.batches().release(shared);
}

// A poll failed. What may pass is waited out; what can't ends the listener.
Result<void> Engine::survive(const Error& error, const std::stop_token& stop) {
  if (error.fatal || !(error.retriable || error.code == ErrorCode::unavailable)) return error;
  membership_.note_busy();
  pause_after_error_ = pause_after_error_ == milliseconds{0} ? kFirstPause : std::min(pause_after_error_ * 2, kLongestPause);
  if (halt_.is_draining()) {  // the end waits no longer than its own time
    pause_after_error_ = std::min(pause_after_error_, std::chrono::ceil<milliseconds>(revocations_.drain_left()));
  }
  log::warning(setup_.log_source, error.text + "; trying again in " + std::to_string(pause_after_error_.count()) + " ms");
  wait_(pause_after_error_, stop);
  return {};
}

// By the membership keeper, while a handler runs on the thread that steps. That thread ends the listener with an error once its handler is
// back: the broker may not say it a second time.
bool Engine::keep_alive() {
  owner_.assert_held();
  if (halt_.stop_requested() && in_flight_.lanes().running() > 0) settling_.make_durable(revocations_.sync_meanwhile());
  Result<Step> stepped = step(kKeepAlivePoll, {});
  if (stepped) return true;
  log::warning(setup_.log_source, "while a handler ran: " + stepped.error().text);
  halt_.end_with(std::move(stepped).error());
  return false;
}

std::optional<nanoseconds> Engine::next_due() const {
  owner_.assert_held();
  return Deadlines::earlier(Deadlines::earlier(next_attempt_due(), deadlines_.next()), dispatcher_->next_take_back());
}

std::optional<nanoseconds> Engine::next_attempt_due() const {
  owner_.assert_held();
  auto due = Deadlines::earlier(deadlines_.next_attempt(), revocations_.next_due());
  if (dispatcher_->has_room() && !halt_.is_over()) due = Deadlines::earlier(due, batching_.next_due());
  return due;
}

std::vector<Unfinished> Engine::unfinished_for(nanoseconds limit, std::size_t most) {
  owner_.assert_held();
  const nanoseconds now = setup_.now();
  std::vector<const lane::Lane*> lanes;
  in_flight_.lanes().for_each([&](lane::Lane& lane) {
    if (now - lane.first->arrived >= limit && !lane.first->source->gone) lanes.push_back(&lane);
  });
  const std::size_t count = std::min(lanes.size(), most);
  std::ranges::partial_sort(lanes, lanes.begin() + static_cast<std::ptrdiff_t>(count), {},
                            [](const auto* lane) { return lane->first->arrived; });
  std::vector<Unfinished> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(describe_wait(*lanes[i]->first, *lanes[i], setup_, *consumer_));
  return list;
}

// ---- the end ----

void Engine::begin_drain() {
  owner_.assert_held();
  in_flight_.publish();
  last_words_.begin(counters_);
  revocations_.begin_drain(drain_);
}

bool Engine::drain_step(milliseconds timeout) {
  owner_.assert_held();
  inbox_->run();
  fire(setup_.now());
  dispatcher_->take_back_overdue();
  revocations_.advance();
  settling_.settle_or_log();
  if (in_flight_.lanes().running() > 0) settling_.make_durable(revocations_.sync_meanwhile());
  const nanoseconds left = revocations_.drain_left();
  if (in_flight_.lanes().running() == 0 || left == nanoseconds{0}) return true;
  // Polling goes on: the group must not take this member for dead while its handlers end.
  const milliseconds slice = std::min(timeout, std::chrono::ceil<milliseconds>(left));
  if (const Result<Step> polled = poll(slice, {}); !polled) wait_(slice, {});  // there is no group any more; they are awaited all the same
  return false;
}

Result<void> Engine::end_drain() {
  owner_.assert_held();
  Result<void> result = settling_.settle();
  const std::size_t still_running = in_flight_.lanes().running();
  draining_.store(still_running == 0, std::memory_order_relaxed);
  const auto left = std::chrono::ceil<milliseconds>(revocations_.drain_left());
  milliseconds farewell = border::kCloseTimeout;
  if (!DISPYTCH_MUTATE("close_without_sync")) {
    Result<void> synced = settling_.sync(std::max(milliseconds{1}, left - std::min(kFarewellOfTheSilent, left / 2)));
    if (!synced && is_silence(synced.error().code)) farewell = kFarewellOfTheSilent;
    if (!synced && result) {
      result = Error{.code = synced.error().code, .text = "the broker didn't take all of what was settled: " + synced.error().text};
    }
  }
  still_running_.store(still_running, std::memory_order_relaxed);
  for (settle::Source* source : in_flight_.sources()) in_flight_.forget(*source);
  in_flight_.publish();
  if (still_running > 0) {
    return Error{.code = ErrorCode::timeout,
                 .text = std::to_string(still_running) +
                         " messages were still being handled when the time to drain was over; they are delivered again"};
  }
  inbox_->close();
  setup_.announce(last_words_.text(counters_));
  leaving_.store(result.has_value(), std::memory_order_relaxed);
  if (Result<void> closed = consumer_->close(farewell); !closed && result) result = std::move(closed);
  return result;
}

Result<void> Engine::drain() {
  begin_drain();
  while (!drain_step(kDrainStep)) {}
  return end_drain();
}

}  // namespace dispytch::listen
