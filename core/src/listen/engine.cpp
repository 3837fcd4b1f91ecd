#include "listen/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "base/signal.hpp"
#include "border/error.hpp"
#include "listen/keeper.hpp"

namespace dispytch::listen {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// How long a poll waits for messages; a wake ends it sooner.
constexpr milliseconds kPollTimeout{1000};
// While the broker is away: the first pause between tries, doubled up to the longest.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5000};
// How long the broker may take for what was settled while handlers are awaited at the end; at the very end it has all that is left.
constexpr milliseconds kSyncMeanwhile{1000};

settle::Acknowledge acknowledge_by(std::uint64_t capabilities) {
  if ((capabilities & DISPYTCH_CAN_ACK_EACH) != 0) return settle::Acknowledge::each;
  if ((capabilities & DISPYTCH_CAN_ACK_UP_TO) != 0) return settle::Acknowledge::up_to;
  return settle::Acknowledge::never;
}

handle::Policy listener_policy(const EngineOptions& options) {
  return handle::resolve(options.delivery.policy, options.dead_letters != nullptr);
}

void wait_on_the_machines_clock(milliseconds pause, const std::stop_token& stop) {
  Signal stopped;
  const std::stop_callback set{stop, [&stopped] { stopped.set(); }};
  stopped.wait(pause);
}

}  // namespace

void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener) {
  if (at_most_once || acknowledge_by(capabilities) != settle::Acknowledge::never) return;
  throw Exception{ErrorCode::config, "listener `" + listener +
                                         "`: its backend can't acknowledge messages, so what is in hand is lost with the process; write "
                                         "`delivery: at_most_once` to accept that, or use another backend"};
}

void require_order(std::uint64_t capabilities, Ordering ordering, const std::string& listener) {
  if (ordering != Ordering::key || (capabilities & DISPYTCH_CAN_ORDER_BY_KEY) != 0) return;
  throw Exception{ErrorCode::config, "listener `" + listener +
                                         "`: `ordering: key` needs a backend that keeps the messages of a key in one partition, which this "
                                         "one doesn't, given its config and broker; write `key_local` for the order within this process"};
}

void require_requeueing(std::uint64_t capabilities, const route::Router& router, Ordering ordering, const std::string& listener) {
  const std::string_view handler = router.requeueing_handler();
  if (handler.empty()) return;
  const std::string who = "handler `" + std::string{handler} + "` of listener `" + listener + "`";
  if (!can_requeue(capabilities)) {
    throw Exception{ErrorCode::config, who + " lets its messages go back to the broker (`retry.beyond_in_place_max: requeue`), but the " +
                                           "backend, given its config and broker, can't keep them there for a time; write `refuse`"};
  }
  if (ordering == Ordering::key || ordering == Ordering::key_local) {
    log::warning("listener." + listener, who + " lets messages that wait for long go back to the broker " +
                                             "(`retry.beyond_in_place_max: requeue`): later ones of their key are handled before them, " +
                                             "although `ordering` keeps the others of a key in order");
  }
}

Engine::Engine(std::unique_ptr<border::ConsumerHandle> consumer, std::uint64_t capabilities, route::Router router, EngineOptions options)
    : options_{std::move(options)},
      log_source_{"listener." + options_.name},
      consumer_{std::move(consumer)},
      can_withhold_{(capabilities & DISPYTCH_CAN_PAUSE) != 0},
      listener_policy_{listener_policy(options_)},
      router_{std::move(router)},
      inbox_{std::make_shared<Inbox>([consumer = consumer_.get()] { consumer->wake(); })},
      ledger_{options_.at_most_once ? settle::Acknowledge::never : acknowledge_by(capabilities), options_.delivery.limits.span},
      lanes_{options_.delivery.ordering},
      runner_{*consumer_,
              {.log_source = log_source_,
               .on_unhandled = options_.delivery.on_unhandled,
               .clock = options_.clock,
               .emitter = options_.emitter,
               .inbox = inbox_,
               .answered = [this](lane::Item& item, std::uint64_t serial,
                                  Attempt::Answer answer) { answered(item, serial, std::move(answer)); }}},
      requeued_{options_.delivery.limits.messages} {
  announces_sources_ = (capabilities & DISPYTCH_CAN_GROUPS) != 0;
  counters_.joined.store(!announces_sources_, std::memory_order_relaxed);
  if (options_.random == nullptr) options_.random = &thread_random();
  if (!options_.wait) options_.wait = wait_on_the_machines_clock;
  for (const handle::BoundHandler* handler : router_.of_batches()) {
    gathers_.push_back(std::make_unique<lane::Gather>(lane::Gather{.handler = handler}));
  }
}

Engine::~Engine() {
  keeper_.reset();
  options_.executor.reset();  // waits for its workers, whose last news finds nobody
  inbox_->close();
}

Result<void> Engine::run(const std::stop_token& stop) {
  if (!options_.executor) keeper_ = std::make_unique<Keeper>(*this);
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

Result<Engine::Step> Engine::step(milliseconds timeout, const std::stop_token& stop) {
  if (!here_busy_) stop_ = stop;  // the keeper steps without one
  const bool worked = work_through();
  if (failure_) return Error{.code = failure_->code, .text = to_string(*failure_)};
  Result<Step> polled = poll(worked ? milliseconds{0} : timeout, stop);
  if (!polled) return polled;
  if (*polled == Step::handled) dispatch();
  if (Result<void> settled = settle(); !settled) {
    if (!settled.error().retriable) return std::move(settled).error();
    log::warning(log_source_, settled.error().text + "; the broker is told again");
  }
  if (failure_) return Error{.code = failure_->code, .text = to_string(*failure_)};
  if (error_meanwhile_) return *std::exchange(error_meanwhile_, std::nullopt);
  return worked && *polled == Step::idle ? Step::handled : *polled;
}

// What is due without a poll: news, timers, revocations, lanes that became free. Returns whether there was anything.
bool Engine::work_through() {
  bool worked = inbox_->run();
  const nanoseconds at = now();
  worked = fire(at) || worked;
  worked = take_back_overdue(at) || worked;
  advance_partings();
  if ((lanes_.any_ready() || (!gathers_.empty() && due_gather() != nullptr)) && !here_busy_) {
    dispatch();
    worked = worked || !options_.executor;
  }
  if (Result<void> settled = settle(); !settled && !settled.error().retriable) log::error(log_source_, settled.error().text);
  if (withheld_sources_ > 0) resume_where_room();
  if (unfinished_ == 0) router_.forget_replaced();
  return worked;
}

Result<Engine::Step> Engine::poll(milliseconds timeout, const std::stop_token& stop) {
  const nanoseconds before = now();
  if (const auto due = next_due()) {
    timeout = std::min(timeout, std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(*due - before)));
  }
  const std::uint64_t used = unfinished_bytes_;
  const std::uint64_t limit = DISPYTCH_MUTATE("no_bound_of_bytes") ? UINT64_MAX : options_.delivery.limits.bytes;
  const std::uint64_t bytes_left = limit > used ? limit - used : 0;
  const std::uint32_t messages = bytes_left > 0 ? credit() : 0;
  Result<border::Batch> batch =
      consumer_->poll(messages, messages > 0 ? std::min(options_.batch_bytes, bytes_left) : options_.batch_bytes, timeout);
  if (!batch) {
    if (Result<void> survived = survive(batch.error(), stop); !survived) return std::move(survived).error();
    return Step::idle;
  }
  pause_after_error_ = milliseconds{0};
  counters_.unfinished.store(unfinished_, std::memory_order_relaxed);
  counters_.unfinished_bytes.store(unfinished_bytes_, std::memory_order_relaxed);
  if (!*batch) {
    note_idle(before);
    return Step::idle;
  }
  counters_.idle_since_ns.store(0, std::memory_order_relaxed);
  if (batch->kind() != DISPYTCH_MESSAGES) {
    handle_event(*batch);
    return Step::event;
  }
  take_batch(std::move(*batch), stop);
  return Step::handled;
}

// How many messages may come. 0 withholds all delivery while the group is kept alive and nothing prefetched is thrown away.
std::uint32_t Engine::credit() const noexcept {
  if (here_busy_ || ends()) return 0;
  if (withheld_lanes_ > 0 && !can_withhold_) return 0;
  const std::size_t limit = options_.delivery.limits.messages;
  if (DISPYTCH_MUTATE("no_bound")) return options_.batch_messages;
  const std::size_t left = limit > unfinished_ ? limit - unfinished_ : 0;
  return static_cast<std::uint32_t>(
      std::min({std::size_t{options_.batch_messages}, left, DISPYTCH_MUTATE("no_span") ? left : ledger_.room()}));
}

std::optional<nanoseconds> Engine::next_due() const {
  std::optional<nanoseconds> due = next_attempt_due();
  if (const auto timeout = timeouts_.next()) due = std::min(due.value_or(*timeout), *timeout);
  if (!overdue_.empty()) due = std::min(due.value_or(overdue_.front().when), overdue_.front().when);
  return due;
}

std::optional<nanoseconds> Engine::next_attempt_due() const {
  std::optional<nanoseconds> due = attempts_due_.next();
  if (const auto gathered = next_gather()) due = std::min(due.value_or(*gathered), *gathered);
  for (const Parting& parting : partings_) due = std::min(due.value_or(parting.deadline), parting.deadline);
  return due;
}

Result<void> Engine::settle() {
  const auto& settlements = ledger_.collect();
  if (settlements.empty()) return {};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle(settlements, error);
  const bool requeues =
      status < 0 && std::ranges::find(settlements, std::uint32_t{DISPYTCH_REQUEUE}, &dispytch_settlement::action) != settlements.end();
  const bool again = status < 0 && status != DISPYTCH_EFENCED && (error.flags & DISPYTCH_ERROR_RETRIABLE) != 0;
  if (!again) ledger_.handed_over();  // else it is told again, with what comes next
  unsynced_ = true;
  if (status == DISPYTCH_EFENCED) {  // somebody else has them by now and handles them again: at least once
    log::warning(log_source_, "messages were handled that the broker has given to another member meanwhile; they will be handled twice");
    return {};
  }
  if (status < 0) {
    // Nothing delivers what was to go back while this consumer has it: the listener ends, and it goes to the next.
    if (requeues && !again && !error_meanwhile_) error_meanwhile_ = to_error(status, error);
    return to_error(status, error);
  }
  return {};
}

Error Engine::to_error(dispytch_status status, const dispytch_error& error) const {
  return border::to_error(status, error, consumer_->adapter().library().id(), "settling messages");
}

void Engine::announce(std::string_view text) const { log::write(options_.quiet ? log::Level::debug : log::Level::info, log_source_, text); }

void Engine::note_idle(nanoseconds since) {
  if (counters_.down.load(std::memory_order_relaxed) || unfinished_ > 0) return;
  if (announces_sources_ && counters_.assigned.load(std::memory_order_relaxed) == 0) return;
  if (counters_.idle_since_ns.load(std::memory_order_relaxed) == 0) {
    counters_.idle_since_ns.store(since.count(), std::memory_order_relaxed);
  }
}

// A poll failed. What may pass is waited out; what can't ends the listener.
Result<void> Engine::survive(Error error, const std::stop_token& stop) {
  if (error.fatal || !(error.retriable || error.code == ErrorCode::unavailable)) return error;
  counters_.idle_since_ns.store(0, std::memory_order_relaxed);
  pause_after_error_ = pause_after_error_ == milliseconds{0} ? kFirstPause : std::min(pause_after_error_ * 2, kLongestPause);
  if (let_all_go_) {  // the end waits no longer than its own time
    pause_after_error_ = std::clamp(std::chrono::ceil<milliseconds>(drain_deadline_ - now()), milliseconds{0}, pause_after_error_);
  }
  log::warning(log_source_, error.text + "; trying again in " + std::to_string(pause_after_error_.count()) + " ms");
  options_.wait(pause_after_error_, stop);
  return {};
}

// ---- the end ----

// While the end waits for handlers, what is done must not hang on them: should they outlive it, the process ends with nothing more said to
// the broker.
void Engine::make_durable() {
  if (!anything_running() || !std::exchange(unsynced_, false)) return;
  milliseconds most = kSyncMeanwhile;
  if (let_all_go_) most = std::clamp(std::chrono::ceil<milliseconds>(drain_deadline_ - now()), milliseconds{1}, most);
  if (const Result<void> synced = consumer_->sync(most); !synced) {
    log::warning(log_source_, "while handlers end, the broker doesn't take what was settled: " + synced.error().text);
  }
}

void Engine::begin_drain() {
  let_all_go_ = true;
  at_drain_ = {.unfinished = unfinished_, .ended = ended(), .held = counters_.held.load(), .waiting = counters_.waiting.load()};
  drain_deadline_ = now() + options_.drain;
  std::vector<settle::Source*> all;
  ledger_.for_each([&](settle::Source& source) { all.push_back(&source); });
  let_go(all);
}

bool Engine::drain_step(milliseconds timeout) {
  inbox_->run();
  fire(now());
  take_back_overdue(now());
  advance_partings();
  if (const Result<void> settled = settle(); !settled) log::error(log_source_, settled.error().text);
  make_durable();
  const nanoseconds left = drain_deadline_ - now();
  if (!anything_running() || left <= nanoseconds{0}) return true;
  // Polling goes on: the group must not take this member for dead while its handlers end.
  const milliseconds slice = std::min(timeout, std::chrono::ceil<milliseconds>(left));
  if (const Result<Step> polled = poll(slice, {}); !polled)
    options_.wait(slice, {});  // there is no group any more; they are awaited all the same
  return false;
}

Result<void> Engine::end_drain() {
  Result<void> result = settle();
  draining_.store(running_ == 0, std::memory_order_relaxed);
  const milliseconds left = std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(drain_deadline_ - now()));
  if (!DISPYTCH_MUTATE("close_without_sync")) {
    if (Result<void> synced = consumer_->sync(left); !synced && result) {
      result = Error{.code = synced.error().code, .text = "the broker didn't take all of what was settled: " + synced.error().text};
    }
  }
  const std::size_t still_running = running_;
  still_running_.store(still_running, std::memory_order_relaxed);
  std::vector<settle::Source*> all;
  ledger_.for_each([&](settle::Source& source) { all.push_back(&source); });
  for (settle::Source* source : all) forget(*source);
  if (still_running > 0) {
    return Error{.code = ErrorCode::timeout,
                 .text = std::to_string(still_running) +
                         " messages were still being handled when the time to drain was over; they are delivered again"};
  }
  inbox_->close();
  if (Result<void> closed = consumer_->close(border::kCloseTimeout); !closed && result) result = std::move(closed);
  const auto count = [](const Counters::Count& counter) { return std::to_string(counter.load(std::memory_order_relaxed)); };
  std::string text = "stopped: " + count(counters_.handled) + " handled, " + count(counters_.unhandled) + " unhandled, " +
                     count(counters_.dropped) + " dropped";
  const auto more = [&](const Counters::Count& counter, std::string_view what) {
    if (counter.load(std::memory_order_relaxed) > 0) text += ", " + count(counter) + " " + std::string{what};
  };
  more(counters_.dead_lettered, "dead-lettered");
  more(counters_.skipped, "skipped");
  more(counters_.retries, "retries");
  more(counters_.requeued, "given back to the broker until they are due");
  more(counters_.fenced, "handled but given to another member meanwhile");
  text += what_is_left();
  announce(text);
  return result;
}

std::uint64_t Engine::ended() const noexcept {
  std::uint64_t sum = 0;
  for (const auto* count :
       {&counters_.handled, &counters_.unhandled, &counters_.dropped, &counters_.dead_lettered, &counters_.skipped, &counters_.requeued})
    sum += count->load(std::memory_order_relaxed);
  return sum;
}

// "; 7 messages were left unfinished (1 held, 2 waiting for another attempt) and are delivered again", or nothing.
std::string Engine::what_is_left() const {
  const std::uint64_t ended_since = ended() - at_drain_.ended;
  if (ended_since >= at_drain_.unfinished) return {};
  const std::uint64_t left = at_drain_.unfinished - ended_since;
  std::string states;
  const auto of_them = [&](std::uint64_t count, std::string_view state) {
    if (count > 0) states += (states.empty() ? " (" : ", ") + std::to_string(count) + std::string{state};
  };
  of_them(at_drain_.held, " held");
  of_them(at_drain_.waiting, " waiting for another attempt");
  if (!states.empty()) states += ")";
  return "; " + std::to_string(left) + (left == 1 ? " message was" : " messages were") + " left unfinished" + states +
         (options_.at_most_once ? ""
          : left == 1           ? ", and is delivered again"
                                : ", and are delivered again");
}

Result<void> Engine::drain() {
  begin_drain();
  while (!drain_step(milliseconds{100})) {}
  return end_drain();
}

}  // namespace dispytch::listen
