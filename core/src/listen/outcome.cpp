// What becomes of a message after its handlers were called: settled, tried again, buried, held.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "listen/engine.hpp"

namespace dispytch::listen {

using lane::Item;
using lane::Lane;
using lane::Trouble;
using lane::Verdict;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::chrono::minutes kTellOfOutageAgain{1};

}  // namespace

const handle::Policy& Engine::policy_of(const Item& item) const noexcept {
  return item.trouble && item.trouble->handler != nullptr ? item.trouble->handler->policy : listener_policy_;
}

void Engine::start_running(Item& item) noexcept {
  item.counts_as_running = true;
  item.attempts_before = item.attempts;
  item.at_hand.store(nullptr, std::memory_order_relaxed);
  ++item.source->running;
  ++running_;
}

void Engine::stop_running(Item& item) noexcept {
  if (!std::exchange(item.counts_as_running, false)) return;
  --item.source->running;
  --running_;
}

// The worker is back with a verdict. The lane's state is set where it must wait; advance() does the rest.
void Engine::judge(Item& item) {
  settle::Source& source = *item.source;
  if (source.gone) {  // it may have been handled, but it isn't ours to settle: its next owner handles it again
    const auto early = early_answers_.find(item.serial);
    if (item.verdict == Verdict::later && early == early_answers_.end()) {
      await(item);  // it still runs: what is delivered again waits behind it
      return;
    }
    if (item.verdict != Verdict::none) Counters::add(counters_.fenced, 1);
    if (early != early_answers_.end()) {
      (void)runner_.conclude(item, *item.handler, std::move(early->second));
      early_answers_.erase(early);
    }
    drop_item(item);
    return;
  }
  if (item.verdict == Verdict::later) {
    if (DISPYTCH_MUTATE("settle_at_return")) {
      stop_running(item);
      finish(item);
      return;
    }
    if (const auto early = early_answers_.find(item.serial); early != early_answers_.end()) {
      Attempt::Answer answer = std::move(early->second);
      early_answers_.erase(early);
      stop_running(item);
      item.verdict = runner_.conclude(item, *item.handler, std::move(answer));
      if (item.verdict != Verdict::trouble && item.go_to_next_handler()) {
        item.state = Item::State::queued;
        if (source.let_go.load(std::memory_order_relaxed)) drop_item(item);  // its next owner calls them all
        return;
      }
      judge(item);
      return;
    }
    await(item);
    return;
  }
  stop_running(item);
  switch (item.verdict) {
    case Verdict::none:  // not begun: behind one that waits, or let go
      item.state = Item::State::queued;
      if (source.let_go.load(std::memory_order_relaxed)) {
        drop_item(item);
      } else if (item.lane->state == Lane::State::blocked) {
        park(item);
      }
      break;
    case Verdict::trouble: take_trouble(item); break;
    default: finish(item);
  }
}

void Engine::await(Item& item) {
  item.state = Item::State::awaiting;
  item.lane->state = Lane::State::blocked;
  const nanoseconds timeout = item.handler->policy.timeout;
  if (timeout > nanoseconds{0} && !DISPYTCH_MUTATE("no_handler_timeout")) remember(timeouts_, {now() + timeout, &item, item.serial});
}

// A Completion was called, or what a handler emitted is confirmed or not.
void Engine::answered(Item& item, std::uint64_t serial, Attempt::Answer answer) {
  if (!in_hand(item, serial)) return;
  if (item.state == Item::State::running) {  // the news overtook the worker's own
    if (!DISPYTCH_MUTATE("lose_an_early_answer")) early_answers_.insert_or_assign(serial, std::move(answer));
    return;
  }
  if (item.state != Item::State::awaiting) return;
  items_.renew(item);  // the timer that was set for this attempt is not for the next
  Lane& lane = *item.lane;
  lane.state = Lane::State::running;
  stop_running(item);
  item.verdict = runner_.conclude(item, *item.handler, std::move(answer));
  if (item.source->gone) {
    Counters::add(counters_.fenced, 1);
    drop_item(item);
  } else {
    if (item.verdict != Verdict::trouble && item.go_to_next_handler()) {
      item.state = Item::State::queued;  // its other handlers
      if (item.source->let_go.load(std::memory_order_relaxed)) drop_item(item);
    } else {
      judge(item);
    }
  }
  advance(lane);
}

void Engine::take_trouble(Item& item) {
  const Trouble& trouble = *item.trouble;
  if (item.source->let_go.load(std::memory_order_relaxed)) {  // its next owner tries again
    drop_item(item);
    return;
  }
  if (trouble.fatal) {  // the next start has another emitter; the message is not to blame
    stop_for(item);
    return;
  }
  const handle::Policy& policy = policy_of(item);
  switch (trouble.kind) {
    case Trouble::Kind::postponed: try_again(item, trouble.delay); return;
    case Trouble::Kind::unavailable:
      Counters::add(counters_.retries, 1);
      tell_of_outage(trouble);
      try_again(item, in_place(policy.backoff(++item.outages, *options_.random)));  // never the broker's, whose count would use it up
      return;
    case Trouble::Kind::failed:
    case Trouble::Kind::retry_after:
      ++item.attempts;
      item.outages = 0;
      if (trouble.worth_retrying && attempts_made(item, policy) < policy.attempts) {
        Counters::add(counters_.retries, 1);
        const bool said = trouble.kind == Trouble::Kind::retry_after;
        try_again_later(item, policy, said ? trouble.delay : policy.backoff(attempts_made(item, policy), *options_.random));
      } else {
        give_up(item, policy.on_failure);
      }
      return;
    case Trouble::Kind::dead_letter:
      ++item.attempts;
      give_up(item, options_.dead_letters ? OnFailure::dead_letter : policy.on_failure);
      return;
    case Trouble::Kind::undecodable:
      ++item.attempts;
      give_up(item, policy.on_undecodable);
      return;
    case Trouble::Kind::unhandled: {
      const OnUnhandled how = options_.delivery.on_unhandled;
      give_up(item, how == OnUnhandled::dead_letter ? OnFailure::dead_letter
                    : how == OnUnhandled::stop      ? OnFailure::stop
                                                    : OnFailure::hold);
    }
  }
}

// Tried again for as long as it takes, which somebody should know; of each handler once in a while.
void Engine::tell_of_outage(const Trouble& trouble) {
  const nanoseconds at = now();
  const auto [last, first_time] = outages_told_.try_emplace(trouble.handler, at);
  if (!first_time && at - last->second < kTellOfOutageAgain) return;
  last->second = at;
  log::warning(log_source_, "handler `" + trouble.handler->handler->name + "` can't work: " + trouble.reason +
                                "; its messages wait, and are tried again until it can");
}

// Of the handler at hand. Where messages go back to the broker its count is the only one that outlives the process.
std::uint32_t Engine::attempts_made(const Item& item, const handle::Policy& policy) noexcept {
  return policy.requeues && !DISPYTCH_MUTATE("requeue_forgets_attempts") ? Runner::attempt_number(item) - 1 : item.attempts;
}

void Engine::try_again_later(Item& item, const handle::Policy& policy, nanoseconds delay) {
  const nanoseconds longest = options_.delivery.in_place_max;
  if (delay > longest && policy.requeues) {
    requeue(item, delay);
    return;
  }
  const handle::BoundHandler* const handler = item.trouble->handler;
  if (delay > longest && std::ranges::find(warned_of_waits_, handler) == warned_of_waits_.end()) {
    warned_of_waits_.push_back(handler);
    const auto seconds = [](nanoseconds time) { return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s"; };
    log::warning(log_source_, "handler `" + handler->handler->name + "` asked for another attempt in " + seconds(delay) +
                                  ", longer than `retry.in_place_max`, " + seconds(longest) + ":" + where(describe(item)) +
                                  " holds its lane for all that time. `retry.beyond_in_place_max: requeue` lets the broker keep such " +
                                  "messages, where it can");
  }
  try_again(item, delay);
}

// The lane goes on without it. Until the broker has the word, the message is unsettled there: nothing that happens meanwhile loses it.
void Engine::requeue(Item& item, nanoseconds delay) {
  constexpr nanoseconds kLongest = milliseconds{UINT32_MAX};
  Counters::add(counters_.requeued, 1);
  if (auto key = Requeued::key_of(*item.lane->place, *item.raw)) {
    const bool resumed = item.owned && item.owned->resumed_at >= 0;
    requeued_.remember(*std::move(key), {.deliveries = resumed ? item.owned->deliveries : std::max(item.raw->attempt, 1u),
                                         .attempts = Runner::attempt_number(item) - 1,
                                         .next_target = item.next_target,
                                         .first_seen = Runner::first_seen(item)});
  }
  const auto wait = static_cast<std::uint32_t>(std::chrono::ceil<milliseconds>(std::min(delay, kLongest)).count());
  if (DISPYTCH_MUTATE("requeue_settles_too")) ledger_.finish(*item.source, item.ordinal, item.raw->token);
  if (!DISPYTCH_MUTATE("forget_a_requeue")) ledger_.requeue(item.raw->token, DISPYTCH_MUTATE("requeue_at_once") ? 0 : wait);
  drop_item(item);
}

// The message waits at the head of its lane, without a thread; those behind it wait too.
void Engine::try_again(Item& item, nanoseconds delay) {
  if (log::enabled(log::Level::debug)) {
    log::debug(log_source_, "again in " + std::to_string(std::chrono::ceil<milliseconds>(delay).count()) + " ms:" + where(describe(item)) +
                                ": " + item.trouble->reason);
  }
  if (item.trouble->since > nanoseconds{0}) delay = std::max(nanoseconds{0}, delay - (now() - item.trouble->since));  // it was deferred
  item.state = Item::State::waiting;
  Counters::add(counters_.waiting, 1);
  if (!DISPYTCH_MUTATE("forget_a_retry")) remember(attempts_due_, {now() + delay, &item, item.serial});
  if (DISPYTCH_MUTATE("retry_out_of_order") && item.lane->first == &item && item.next != nullptr) {
    Lane& lane = *item.lane;
    lane.remove(item);
    lane.push(item);
    park(item);
    return;
  }
  block(item);
}

void Engine::block(Item& item) {
  item.lane->state = Lane::State::blocked;
  park(item);
  for (Item* behind = item.next; behind != nullptr; behind = behind->next) {
    if (behind->state == Item::State::queued) park(*behind);
  }
}

void Engine::give_up(Item& item, OnFailure how) {
  if (how == OnFailure::dead_letter && !options_.dead_letters) how = OnFailure::hold;
  if (how != OnFailure::drop && options_.failed) options_.failed(describe(item));
  switch (how) {
    case OnFailure::dead_letter: bury(item); break;
    case OnFailure::drop:
      log::warning(log_source_, "dropped after " + std::to_string(attempts_made(item, policy_of(item))) +
                                    " attempts:" + where(describe(item)) + ": " + item.trouble->reason);
      item.verdict = Verdict::dropped;
      finish(item);
      break;
    case OnFailure::stop: stop_for(item); break;
    case OnFailure::hold: hold(item); break;
  }
}

void Engine::stop_for(Item& item) {
  item.state = Item::State::held;
  Counters::add(counters_.held, 1);
  block(item);
  if (!failure_) failure_ = describe(item);
}

void Engine::hold(Item& item) {
  item.state = Item::State::held;
  Counters::add(counters_.held, 1);
  block(item);
  const Failure failure = describe(item);
  const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
  std::string text = what(failure);
  const std::uint32_t attempts = attempts_made(item, policy_of(item));
  if (!failure.unhandled) text += " after " + std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
  text += where(failure) + ": " + failure.reason + ". It is held, and what is behind it in its lane waits; mend the cause and start again";
  if (!options_.skip_command.empty() && message.partition() && message.offset()) {  // there it can be named
    text += ", or let it go: " + options_.skip_command + " " + options_.name + " " + failure.topic;
    text += " " + std::to_string(message.partition().value_or(-1)) + " " + std::to_string(message.offset().value_or(-1));
  }
  log::error(log_source_, text);
}

// ---- dead letters ----

void Engine::bury(Item& item) {
  start_running(item);
  item.state = Item::State::burying;
  block(item);
  const std::int64_t unix_now = options_.clock->unix_ms();
  const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
  const auto reason = [&]() -> std::string_view {
    switch (item.trouble->kind) {
      case Trouble::Kind::undecodable: return "undecodable";
      case Trouble::Kind::unhandled: return "unhandled";
      case Trouble::Kind::dead_letter: return "rejected";
      default: return "failed";
    }
  };
  const OutgoingMessage letter =
      make_dead_letter(message,
                       {.reason = reason(),
                        .exception = item.trouble->reason,
                        .handler = item.trouble->handler != nullptr ? std::string_view{item.trouble->handler->handler->name} : "",
                        .listener = options_.name,
                        .group = options_.group,
                        .attempts = Runner::attempt_number(item) - 1,
                        .first_ms = unix_now - std::chrono::duration_cast<milliseconds>(now() - Runner::first_seen(item)).count(),
                        .last_ms = unix_now},
                       options_.dead_letters->topic_template());
  if (DISPYTCH_MUTATE("settle_before_dead_letter")) {
    stop_running(item);
    item.verdict = Verdict::done;
    options_.dead_letters->send(letter, [](const Result<Receipt>&) {});
    item.lane->state = Lane::State::running;
    finish(item);
    return;
  }
  options_.dead_letters->send(letter, [this, inbox = inbox_, &item, serial = item.serial](const Result<Receipt>& result) {
    inbox->post([this, &item, serial, result] { buried(item, serial, result); });
  });
}

void Engine::buried(Item& item, std::uint64_t serial, const Result<Receipt>& result) {
  if (!in_hand(item, serial) || item.state != Item::State::burying) return;
  Lane& lane = *item.lane;
  lane.state = Lane::State::running;
  stop_running(item);
  if (item.source->gone) {
    Counters::add(counters_.fenced, 1);
    drop_item(item);
  } else if (result || DISPYTCH_MUTATE("settle_a_failed_dead_letter")) {
    Counters::add(counters_.dead_lettered, 1);
    const Failure failure = describe(item);
    log::warning(log_source_, "dead letter" + where(failure) + ": " + failure.reason);
    item.verdict = Verdict::none;  // counted
    finish(item);
  } else if (item.source->let_go.load(std::memory_order_relaxed)) {
    drop_item(item);
  } else if (result.error().fatal) {
    item.trouble->reason += "; its dead letter could not be stored: " + result.error().text;
    stop_for(item);
  } else {
    log::warning(log_source_,
                 "a dead letter could not be stored, and is tried again:" + where(describe(item)) + ": " + result.error().text);
    item.state = Item::State::waiting;
    Counters::add(counters_.waiting, 1);
    lane.state = Lane::State::blocked;
    remember(attempts_due_, {.when = now() + in_place(listener_policy_.backoff(++item.outages, *options_.random)),
                             .item = &item,
                             .serial = item.serial,
                             .of_dead_letter = true});
  }
  advance(lane);
}

// ---- time ----

void Engine::remember(Timers<Due>& timers, Due due) {
  timers.push(due);
  timers.prune(unfinished_, [this](const Due& one) { return in_hand(*one.item, one.serial); });
}

// Returns whether anything was due.
bool Engine::fire(nanoseconds at) {
  bool fired = false;
  while (const std::optional<Due> due = timeouts_.take_due(at)) {
    fired = true;
    if (in_hand(*due->item, due->serial) && due->item->state == Item::State::awaiting) time_out(*due->item);
  }
  while (const std::optional<Due> due = attempts_due_.take_due(at)) {
    fired = true;
    Item& item = *due->item;
    if (!in_hand(item, due->serial) || item.state != Item::State::waiting) continue;
    Counters::subtract(counters_.waiting, 1);
    if (due->of_dead_letter) {
      bury(item);
    } else {
      item.state = Item::State::queued;
      if (item.lane->first == &item) lanes_.make_ready(*item.lane);
    }
  }
  return fired;
}

// A handler that was to finish later didn't in time.
void Engine::time_out(Item& item) {
  items_.renew(item);  // a call that comes later finds nothing
  Lane& lane = *item.lane;
  lane.state = Lane::State::running;
  stop_running(item);
  const auto waited = std::chrono::duration_cast<milliseconds>(item.handler->policy.timeout).count();
  item.verdict = runner_.conclude(item, *item.handler, {.failure = "it wasn't completed within " + std::to_string(waited) + " ms"});
  if (item.source->gone) {
    drop_item(item);
  } else {
    judge(item);
  }
  advance(lane);
}

// ---- the end of a message ----

void Engine::finish(Item& item) {
  switch (item.verdict) {
    case Verdict::done: Counters::add(counters_.handled, 1); break;
    case Verdict::unhandled: Counters::add(counters_.unhandled, 1); break;
    case Verdict::dropped: Counters::add(counters_.dropped, 1); break;
    default: break;
  }
  ledger_.finish(*item.source, item.ordinal, item.raw->token);
  drop_item(item);
}

// Takes the message out of its lane and of all counts, settled or not.
void Engine::drop_item(Item& item) {
  stop_running(item);
  if (item.state == Item::State::held) Counters::subtract(counters_.held, 1);
  if (item.state == Item::State::waiting) Counters::subtract(counters_.waiting, 1);
  item.lane->remove(item);
  release_share(item);
  --unfinished_;
  unfinished_bytes_ -= item.bytes;
  settle::Source& source = *item.source;
  items_.put_back(item);
  ledger_.drop_reference(source);
}

// The lane's first messages are back: the next may begin, unless the first waits.
void Engine::advance(Lane& lane) {
  if (lane.withheld != nullptr && lane.size <= options_.delivery.limits.lane / 2) {
    --withheld_lanes_;
    --std::exchange(lane.withheld, nullptr)->withheld_lanes;
  }
  if (lane.first == nullptr) {
    if (lane.state == Lane::State::ready) lanes_.withdraw(lane);
    lane.state = Lane::State::free;
    lanes_.tidy(lane);
  } else if (lane.state == Lane::State::running) {
    lanes_.make_ready(lane);
  }
}

}  // namespace dispytch::listen
