#include "listen/endings.hpp"

#include <algorithm>
#include <cstdint>
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

std::string_view reason_of(HandlingFailure::Kind kind) {
  switch (kind) {
    case HandlingFailure::Kind::undecodable: return "undecodable";
    case HandlingFailure::Kind::unhandled: return "unhandled";
    case HandlingFailure::Kind::tombstone: return "tombstone";
    case HandlingFailure::Kind::dead_letter: return "rejected";
    case HandlingFailure::Kind::crashed: return "crashed";
    default: return "failed";
  }
}

// Tries of a letter that is too large, the last two of the smallest that there is.
constexpr std::uint32_t kTriesOfTooLarge = 4;

LetterDetail detail_after(std::uint32_t too_large) {
  if (too_large == 0 || DISPYTCH_MUTATE("leave_nothing_out_of_a_letter")) return LetterDetail::all;
  return too_large == 1 ? LetterDetail::without_exception : LetterDetail::least;
}

std::string attempts_text(std::uint32_t attempts) {
  return " after " + std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
}

// An attempt that ended the process is one.
std::uint32_t attempts_of(const Item& item) {
  return item.attempts_made() + (item.failure->kind == HandlingFailure::Kind::crashed ? item.unended() : 0);
}

}  // namespace

Failure Endings::describe(const Item& item) const { return listen::describe(item, parts_.consumer); }

void Endings::end(Item& item, Decision::Kind how) {
  if (how != Decision::Kind::drop && parts_.on_ended) parts_.on_ended(describe(item));
  switch (how) {
    case Decision::Kind::dead_letter: dead_letter(item); break;
    case Decision::Kind::drop: drop(item); break;
    case Decision::Kind::stop: stop_for(item); break;
    default: hold(item);
  }
}

void Endings::drop(Item& item) {
  log::warning(parts_.setup.log_source,
               "dropped" + attempts_text(attempts_of(item)) + ":" + where(describe(item)) + ": " + item.failure->reason);
  item.verdict = Verdict::dropped;
  if (item.go_to_next_handler()) {  // one handler's policy speaks for that handler alone
    item.failure.reset();
    parts_.in_flight.put_back(item);
  } else {
    parts_.in_flight.finish(item);
  }
}

void Endings::stop_for(Item& item) {
  parts_.in_flight.hold(item);
  parts_.halt.stop_for(describe(item));
}

void Endings::hold(Item& item) {
  parts_.in_flight.hold(item);
  const Setup& setup = parts_.setup;
  const Failure failure = describe(item);
  const Message message = message_of(item, parts_.consumer);
  std::string text = what(failure);
  if (!failure.unhandled) text += attempts_text(attempts_of(item));
  text += where(failure) + ": " + failure.reason + ". It is held, and what is behind it in its lane waits; mend the cause and start again";
  if (!setup.skip_command.empty() && (message.offset() || message.id())) {  // there it can be named
    text += ", or let it go: " + setup.skip_command + " " + setup.name + " " + failure.topic + " ";
    if (const auto offset = message.offset()) {
      text += std::to_string(message.partition().value_or(0)) + " " + std::to_string(*offset);
    } else {
      text += *message.id();
    }
  }
  log::error(setup.log_source, text);
}

DeadLetterInfo Endings::info_of(const Item& item) const {
  const Setup& setup = parts_.setup;
  const HandlingFailure& failure = *item.failure;
  const std::int64_t unix_now = setup.clock->unix_ms();
  return {.reason = reason_of(failure.kind),
          .exception = failure.reason,
          .handler = failure.handler != nullptr ? std::string_view{failure.handler->handler->name} : "",
          .listener = setup.name,
          .group = setup.group,
          .attempts = attempts_of(item),
          .first_ms = unix_now - std::chrono::duration_cast<milliseconds>(setup.now() - item.first_seen()).count(),
          .last_ms = unix_now};
}

void Endings::dead_letter(Item& item) {
  parts_.in_flight.begin_dead_letter(item);
  item.failure->letter_error.clear();
  const OutgoingMessage letter = make_dead_letter(message_of(item, parts_.consumer), info_of(item), parts_.dead_letters->topic_template(),
                                                  detail_after(item.failure->too_large));
  const std::uint64_t serial = item.serial;
  parts_.dead_letters->send(letter, [this, inbox = parts_.inbox, &item, serial](const Result<Receipt>& result) {
    inbox->post([this, &item, serial, result] { resolved(item, serial, result); });
  });
  if (DISPYTCH_MUTATE("settle_before_dead_letter")) resolved(item, serial, Receipt{});
}

// The dead letter is confirmed, or was not stored.
void Endings::resolved(Item& item, std::uint64_t serial, const Result<Receipt>& result) {
  if (item.serial != serial || item.state != Item::State::dead_lettering) return;
  Lane& lane = parts_.in_flight.lanes().of(item);
  parts_.in_flight.resume(item);
  if (item.source->gone) {
    Counters::add(parts_.counters.fenced, 1);
    parts_.in_flight.leave(item);
  } else if (result || DISPYTCH_MUTATE("settle_a_failed_dead_letter")) {
    Counters::add(parts_.counters.dead_lettered, 1);
    const Failure failure = describe(item);
    log::warning(parts_.setup.log_source,
                 "dead letter" +
                     std::string{item.failure->too_large > 0 ? ", too large with all of its headers, without some of them," : ""} +
                     where(failure) + ": " + failure.reason);
    item.verdict = Verdict::none;  // counted
    parts_.in_flight.finish(item);
  } else if (item.is_revoked()) {
    parts_.in_flight.leave(item);
  } else if (result.error().fatal) {
    item.failure->reason += "; its dead letter could not be stored: " + result.error().text;
    stop_for(item);
  } else {
    not_stored(item, result.error());
  }
  parts_.in_flight.advance(lane);
}

// A letter that no later try can bring home is a message for a person, as one without dead letters. A broker may say "too large" of a batch
// that others filled, so the smallest letter gets a second try, at another time.
void Endings::not_stored(Item& item, const Error& error) {
  HandlingFailure& failure = *item.failure;
  const bool too_large = error.code == ErrorCode::too_big && !error.retriable;
  if (too_large) ++failure.too_large;
  failure.letter_refused = !error.retriable && !too_large;
  failure.letter_error = error.text;
  const bool is_final = too_large ? failure.too_large >= kTriesOfTooLarge : error.code == ErrorCode::invalid && !error.retriable;
  if (!is_final || DISPYTCH_MUTATE("try_an_unstorable_letter_for_ever")) {
    try_dead_letter_again(item);
  } else {
    hold(item);
  }
}

void Endings::try_dead_letter_again(Item& item) {
  const Setup& setup = parts_.setup;
  const HandlingFailure& failure = *item.failure;
  log::warning(setup.log_source, "a dead letter could not be stored, and is tried again" +
                                     std::string{failure.too_large > 0 ? ", without some of its headers" : ""} + ":" +
                                     where(describe(item)) + ": " + failure.letter_error);
  parts_.in_flight.wait(item);
  const nanoseconds pause =
      std::min<nanoseconds>(setup.policy.backoff(++item.outages, setup.random->uniform()), setup.delivery.in_place_max);
  parts_.deadlines.set(Deadlines::Kind::next_dead_letter, item, setup.now() + pause, parts_.in_flight.unfinished());
}

Result<void> Endings::skip(std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who) {
  return skip_the_one(place(topic, position(partition, offset)), who, [&](const dispytch_message& raw) {
    return (raw.flags & DISPYTCH_MSG_OFFSET) != 0 && raw.offset == offset && raw.partition == partition && text::view(raw.topic) == topic;
  });
}

Result<void> Endings::skip(std::string_view topic, std::string_view id, std::string_view who) {
  return skip_the_one(place(topic, position(-1, -1, id)), who,
                      [&](const dispytch_message& raw) { return text::view(raw.id) == id && text::view(raw.topic) == topic; });
}

template <class Is>
Result<void> Endings::skip_the_one(const std::string& name, std::string_view who, Is is) {
  Item* found = nullptr;
  parts_.in_flight.lanes().for_each([&](Lane& lane) {
    if (is(*lane.first->raw) && !lane.first->source->gone) found = lane.first;
  });
  if (found == nullptr) {
    return Error{.code = ErrorCode::not_found,
                 .text = name + " is not the first unfinished message of a lane of listener `" + parts_.setup.name + "`"};
  }
  if (found->state != Item::State::held && found->state != Item::State::waiting) {
    return Error{.code = ErrorCode::invalid,
                 .text = name + " is being handled right now; only a message that is held or waits can be skipped"};
  }
  log::warning(parts_.setup.log_source, "skipped by " + std::string{who} + ": " + name + ", key \"" + describe(*found).key +
                                            "\": " + (found->failure ? found->failure->reason : ""));
  Counters::add(parts_.counters.skipped, 1);
  Lane& lane = parts_.in_flight.lanes().of(*found);
  found->verdict = Verdict::none;  // counted
  parts_.in_flight.finish(*found);
  parts_.in_flight.first_left(lane);
  return {};
}

}  // namespace dispytch::listen
