#include "listen/outcomes.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "listen/describe.hpp"
#include "text/bytes.hpp"

namespace dispytch::listen {

using inflight::HandlingFailure;
using inflight::Item;
using inflight::Verdict;
using lane::Lane;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::chrono::minutes kWarnOfOutageAgain{1};
constexpr std::size_t kMostTopicsWarnedOf = 1000;  // a pattern may match topics without end

}  // namespace

// ---- results ----

void Outcomes::returned(Item& item) {
  if (item.source->gone) {
    fence(item);
    return;
  }
  const bool later = item.verdict == Verdict::later && !DISPYTCH_MUTATE("settle_at_return");
  if (!later) {
    parts_.in_flight.lanes().returned(item);
    apply(item);
  } else if (auto answer = take_early_answer(item)) {
    parts_.in_flight.lanes().returned(item);
    item.verdict = parts_.runner.conclude(item, *item.handler, *std::move(answer));
    concluded(item);
  } else {
    await_answer(item);
  }
}

void Outcomes::apply(Item& item) {
  if (item.noted && (item.verdict == Verdict::none || item.verdict == Verdict::failed)) parts_.suspects.ended(item);
  switch (item.verdict) {
    case Verdict::none: parts_.in_flight.put_back(item); break;  // not begun: behind one that waits, or revoked
    case Verdict::failed: on_failure(item); break;
    case Verdict::unhandled:
      if (item.raw->payload.data == nullptr) warn_of_tombstone(item);
      parts_.in_flight.finish(item);
      break;
    default: parts_.in_flight.finish(item);
  }
}

// Of a handler that finished later. Those after it are called next.
void Outcomes::concluded(Item& item) {
  if (item.verdict != Verdict::failed && item.go_to_next_handler()) {
    parts_.in_flight.put_back(item);
  } else {
    apply(item);
  }
}

// Of a source that was given up: the message may have been handled, but it is not ours to settle, and its next owner handles it again.
// While it still runs, what is delivered again waits behind it.
void Outcomes::fence(Item& item) {
  auto answer = take_early_answer(item);
  if (item.verdict == Verdict::later && !answer) {
    await_answer(item);
    return;
  }
  if (item.verdict != Verdict::none) Counters::add(parts_.counters.fenced, 1);
  if (answer) (void)parts_.runner.conclude(item, *item.handler, *std::move(answer));  // for the handler's gate
  parts_.in_flight.leave(item);
}

void Outcomes::await_answer(Item& item) {
  parts_.in_flight.lanes().await_answer(item);
  const nanoseconds timeout = item.handler->policy.timeout;
  if (timeout == nanoseconds{0} || DISPYTCH_MUTATE("no_handler_timeout")) return;
  parts_.deadlines.set(Deadlines::Kind::handler_timeout, item, parts_.setup.now() + timeout, parts_.in_flight.unfinished());
}

std::optional<Attempt::Answer> Outcomes::take_early_answer(const Item& item) {
  const auto early = early_answers_.find(item.serial);
  if (early == early_answers_.end()) return std::nullopt;
  Attempt::Answer answer = std::move(early->second);
  early_answers_.erase(early);
  return answer;
}

void Outcomes::answered(Item& item, std::uint64_t serial, Attempt::Answer answer) {
  if (item.serial != serial) return;
  if (item.state == Item::State::running) {  // the answer overtook the worker's own
    if (!DISPYTCH_MUTATE("lose_an_early_answer")) early_answers_.insert_or_assign(serial, std::move(answer));
  } else if (item.state == Item::State::awaiting) {
    finish_wait(item, std::move(answer));
  }
}

void Outcomes::timed_out(Item& item) {
  const auto waited = std::chrono::duration_cast<milliseconds>(item.handler->policy.timeout).count();
  finish_wait(item, {.failure = "it wasn't completed within " + std::to_string(waited) + " ms"});
}

void Outcomes::finish_wait(Item& item, Attempt::Answer answer) {
  Lane& lane = parts_.in_flight.lanes().of(item);
  parts_.in_flight.resume(item);
  item.verdict = parts_.runner.conclude(item, *item.handler, std::move(answer));
  if (item.source->gone) {
    Counters::add(parts_.counters.fenced, 1);
    parts_.in_flight.leave(item);
  } else {
    concluded(item);
  }
  parts_.in_flight.advance(lane);
}

// ---- failures ----

void Outcomes::on_failure(Item& item) {
  const Setup& setup = parts_.setup;
  const policy::Policy& policy = setup.policy_of(item);
  const Decision decision = decide(
      {.failure = *item.failure, .policy = policy, .attempts = item.attempts_made(), .outages = item.outages, .revoked = item.is_revoked()},
      setup.delivery, setup.has_dead_letters, setup.random->uniform());
  if (decision.counts == Decision::Counts::attempt) {
    ++item.attempts;
    item.outages = 0;
  } else if (decision.counts == Decision::Counts::outage) {
    ++item.outages;
    warn_of_outage(*item.failure);
  }
  switch (decision.kind) {
    case Decision::Kind::leave: parts_.in_flight.leave(item); break;
    case Decision::Kind::retry:
      if (decision.counts != Decision::Counts::nothing) Counters::add(parts_.counters.retries, 1);
      if (decision.counts == Decision::Counts::attempt) warn_of_long_wait(item, decision.delay);
      retry(item, decision.delay);
      break;
    case Decision::Kind::requeue:
      Counters::add(parts_.counters.retries, 1);
      requeue(item, decision.delay);
      break;
    default: parts_.endings.end(item, decision.kind);
  }
}

// The message waits at the head of its lane, without a thread; those behind it wait too.
void Outcomes::retry(Item& item, nanoseconds delay) {
  const Setup& setup = parts_.setup;
  if (log::enabled(log::Level::debug)) {
    log::debug(setup.log_source, "again in " + std::to_string(std::chrono::ceil<milliseconds>(delay).count()) +
                                     " ms:" + where(describe(item, parts_.consumer)) + ": " + item.failure->reason);
  }
  const nanoseconds now = setup.now();
  // A message that was deferred has waited since its failure already.
  if (item.failure->since > nanoseconds{0}) delay = std::max(nanoseconds{0}, delay - (now - item.failure->since));
  parts_.in_flight.wait(item);
  if (DISPYTCH_MUTATE("forget_a_retry")) return;
  parts_.deadlines.set(Deadlines::Kind::next_attempt, item, now + delay, parts_.in_flight.unfinished());
}

// The lane goes on without the message. Until the broker has taken it back it is unsettled there, so that nothing that happens meanwhile
// loses it.
void Outcomes::requeue(Item& item, nanoseconds delay) {
  constexpr nanoseconds kLongest = milliseconds{UINT32_MAX};
  Counters::add(parts_.counters.requeued, 1);
  const lane::Place& place = *parts_.in_flight.lanes().of(item).place;
  const std::uint32_t attempts = DISPYTCH_MUTATE("requeue_forgets_attempts") ? 0 : item.attempts_made();
  if (auto key = Requeued::key_of(place, *item.raw)) {
    parts_.requeued.remember(*std::move(key), {.attempts = attempts, .next_target = item.next_target, .first_seen = item.first_seen()});
  }
  const auto delay_ms = static_cast<std::uint32_t>(std::chrono::ceil<milliseconds>(std::min(delay, kLongest)).count());
  parts_.in_flight.requeue(item, delay_ms, attempts);
}

// An outage is waited out for as long as it takes, which somebody should know; of each handler once in a while.
void Outcomes::warn_of_outage(const HandlingFailure& failure) {
  const nanoseconds now = parts_.setup.now();
  const auto [last, first_time] = warned_of_outages_.try_emplace(failure.handler, now);
  if (!first_time && now - last->second < kWarnOfOutageAgain) return;
  last->second = now;
  log::warning(parts_.setup.log_source, "handler `" + failure.handler->handler->name + "` can't work: " + failure.reason +
                                            "; its messages wait, and are tried again until it can");
}

// Somebody deleted a key, and nobody here takes note of it: worth a line, but not one for each.
void Outcomes::warn_of_tombstone(const Item& item) {
  const std::string_view topic = text::view(item.raw->topic);
  if (warned_of_tombstones_.size() >= kMostTopicsWarnedOf || warned_of_tombstones_.contains(topic)) return;
  warned_of_tombstones_.emplace(topic);
  log::warning(parts_.setup.log_source,
               "a message without payload (a tombstone)" + where(describe(item, parts_.consumer)) +
                   ": no handler takes such messages, so it is settled, as are all that follow of this topic; a handler by on_message() "
                   "gets them, `on_tombstone: hold` or `dead_letter` keeps them");
}

void Outcomes::warn_of_long_wait(const Item& item, nanoseconds delay) {
  const nanoseconds longest = parts_.setup.delivery.in_place_max;
  const handle::BoundHandler* const handler = item.failure->handler;
  if (delay <= longest || std::ranges::find(warned_of_waits_, handler) != warned_of_waits_.end()) return;
  warned_of_waits_.push_back(handler);
  const auto seconds = [](nanoseconds time) { return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s"; };
  log::warning(
      parts_.setup.log_source,
      "handler `" + handler->handler->name + "` asked for another attempt in " + seconds(delay) + ", longer than `retry.in_place_max`, " +
          seconds(longest) + ":" + where(describe(item, parts_.consumer)) +
          " holds its lane for all that time. `retry.beyond_in_place_max: requeue` lets the broker keep such messages, where it can");
}

// ---- batches ----

void Outcomes::batch_returned(std::span<Item* const> items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = *items[i];
    Lane& lane = parts_.in_flight.lanes().of(item);
    const bool last_of_lane = i + 1 == items.size() || items[i + 1]->lane != lane.id;
    const bool failed_behind = item.verdict == Verdict::failed && lane.first != &item && !item.is_revoked();
    if (!failed_behind) {
      returned(item);
    } else if (DISPYTCH_MUTATE("settle_what_failed_behind")) {
      parts_.in_flight.finish(item);
    } else {
      defer(item);
    }
    if (last_of_lane) parts_.in_flight.advance(lane);
  }
}

// The message failed behind one of its lane that is not finished: what becomes of it is decided once that is.
void Outcomes::defer(Item& item) {
  parts_.in_flight.lanes().put_back(item);
  item.deferred = true;
  item.failure->since = std::max(parts_.setup.now(), nanoseconds{1});  // 0: not deferred
  parts_.in_flight.batches().copy_out(item);
}

void Outcomes::resume_deferred(Item& item) {
  item.deferred = false;
  on_failure(item);
}

bool Outcomes::rejoin(Item& item) {
  const HandlingFailure::Kind kind = item.failure->kind;
  if (kind != HandlingFailure::Kind::unavailable && kind != HandlingFailure::Kind::postponed) return false;
  item.deferred = false;
  if (kind == HandlingFailure::Kind::unavailable) {
    ++item.outages;
    Counters::add(parts_.counters.retries, 1);
  }
  return true;
}

}  // namespace dispytch::listen
