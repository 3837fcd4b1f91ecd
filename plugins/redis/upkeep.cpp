#include "upkeep.hpp"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "command.hpp"
#include "delivery.hpp"
#include "errors.hpp"
#include "scripted.hpp"
#include "scripts.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Level;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Time = Connection::Time;

constexpr std::size_t kChunk = 1'000;  // ids in one script
constexpr std::size_t kTakeAtOnce = 256;
constexpr milliseconds kEnsurePause{1'000};
constexpr milliseconds kCountInterval{5'000};
constexpr milliseconds kLagPatience{20'000};
constexpr milliseconds kTidyInterval = std::chrono::hours{1};
constexpr milliseconds kTidyAfter = std::chrono::hours{1};
constexpr milliseconds kOnlyReturned{10'000'000'000};  // nothing is idle for so long but what was given back

nanoseconds boot_time() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

std::vector<std::string> texts(std::span<const Inbox::Held> messages) {
  std::vector<std::string> all;
  all.reserve(messages.size());
  for (const Inbox::Held& message : messages) all.push_back(message.id.text());
  return all;
}

}  // namespace

Upkeep::Upkeep(const Membership& membership, Connection& connection, Settling& settling)
    : membership_{membership}, connection_{connection}, settling_{settling}, ready_(membership.streams.size()), kept_at_{boot_time()} {
  for (const auto& stream : membership.streams) tended_.push_back({.stream = stream.get()});
  if (membership.ephemeral) ready_.assign(ready_.size(), true);
}

void Upkeep::on_up(Time now, bool again) {
  if (again) grace_until_ = now + membership_.claim_after;
  for (Tended& tended : tended_) {
    tended.keep_at = tended.take_at = {};
    tended.tidy_at = now + std::chrono::minutes{1};
  }
}

void Upkeep::expect_due(const Stream& stream, milliseconds delay) {
  Tended& tended = tended_[stream.slot];
  tended.due_at = std::min(tended.due_at, Connection::Clock::now() + delay);
  tended.take_at = std::min(tended.take_at, tended.due_at);
}

void Upkeep::on_reading_anew() {
  if (membership_.ephemeral) return;
  for (Tended& tended : tended_) tended.recovering = true;
  ready_.assign(ready_.size(), false);
}

void Upkeep::on_refusal(std::string_view error) {
  const Error why = error_of(error, "reading as group `" + membership_.group + "`", membership_.server.name());
  const Refusal refusal = refusal_of(error);
  if (membership_.ephemeral || (refusal != Refusal::no_group && refusal != Refusal::unblocked && refusal != Refusal::wrong_type)) {
    set_trouble(why);
    return;
  }
  // It doesn't say which of the streams it is about in a way to rely on: all are looked at.
  for (Tended& tended : tended_) tended.grouped = false;
  ready_.assign(ready_.size(), false);
}

void Upkeep::send(Tended& tended, const char* script, const std::vector<std::string>& list, std::function<void(Reply)> on_reply) {
  connection_.send(run_script(script, *tended.stream, membership_.group, membership_.member, list), std::move(on_reply));
}

Time Upkeep::step(Time now) {
  if (membership_.ephemeral || stopped_) return Time::max();
  lose_where_too_old(now);
  Time next = now + membership_.claim_after / 3;
  if (!connection_.is_up()) return next;
  for (Tended& tended : tended_) {
    if (!tended.grouped) {
      if (!tended.asked && now >= tended.ensure_at) ensure_group(tended);
      next = std::min(next, tended.asked ? Time::max() : tended.ensure_at);
      continue;
    }
    if (tended.recovering) {
      if (!tended.asked) recover(tended, "-");
      continue;
    }
    if (!tended.keeping && now >= tended.keep_at) keep(tended, now);
    const bool has_room = membership_.inbox.may_read(*tended.stream) && membership_.inbox.waiting(*tended.stream) < membership_.prefetch;
    if (!tended.taking && has_room && now >= tended.take_at) take(tended, now);
    if (!tended.counting && now >= tended.count_at) count(tended);
    if (now >= tended.tidy_at) tidy(tended);
    next = std::min({next, tended.keeping ? Time::max() : tended.keep_at, tended.taking || !has_room ? Time::max() : tended.take_at});
  }
  return next;
}

// ---- the group ----

// It was there when the consumer was opened. Whoever deleted it took all positions along: it is made anew before the first entry that is
// kept, so that nothing is lost.
void Upkeep::ensure_group(Tended& tended) {
  tended.asked = true;
  const bool make = membership_.server.options.declare_missing;
  std::string words;
  CommandWriter writer{words};
  writer.begin(make ? 6 : 5).word("XGROUP").word("CREATE").word(tended.stream->topic).word(membership_.group).word("0");
  if (make) writer.word("MKSTREAM");
  connection_.send(words, [this, &tended](Reply reply) {
    tended.asked = false;
    if (!reply) return;
    const std::string doing = "reading stream `" + tended.stream->topic + "` as group `" + membership_.group + "`";
    if (is_error(*reply) && refusal_of(text(*reply)) != Refusal::group_exists) {
      tended.ensure_at = Connection::Clock::now() + kEnsurePause;
      if (refusal_of(text(*reply)) == Refusal::no_key || refusal_of(text(*reply)) == Refusal::wrong_type) {
        std::set<EntryId> all;
        for (const Inbox::Held& held : membership_.inbox.held(*tended.stream)) all.insert(held.id);
        membership_.inbox.lose(*tended.stream, all, {.code = DISPYTCH_ENOTFOUND, .text = "stream `" + tended.stream->topic + "` is gone"});
      }
      return set_trouble(error_of(text(*reply), doing, membership_.server.name()));
    }
    if (!is_error(*reply)) {
      membership_.server.metrics.groups_remade.record(1);
      membership_.server.host.log(
          Level::warning, "group `" + membership_.group + "` of stream `" + tended.stream->topic + "` at " + membership_.server.name() +
                              " was gone; it is made again, before the first entry that is kept, so messages may come again");
    }
    tended.grouped = tended.recovering = true;
  });
}

// Lists what is pending for this member. What is not in hand was on its way when a connection broke, or belongs to a process before this
// one that had the same name.
void Upkeep::recover(Tended& tended, const std::string& from) {
  tended.asked = true;
  connection_.send(command({"XPENDING", tended.stream->topic, membership_.group, from, "+", std::to_string(kChunk), membership_.member}),
                   [this, &tended](Reply reply) {
                     tended.asked = false;
                     if (!reply || refused(tended, reply, "looking for what is pending")) return;
                     std::set<EntryId> in_hand;
                     for (const Inbox::Held& held : membership_.inbox.held(*tended.stream)) in_hand.insert(held.id);
                     std::vector<std::string> missing;
                     for (const redisReply* row : elements(*reply)) {
                       const auto id = EntryId::parse(text(element(*row, 0)));
                       if (id && !in_hand.contains(*id)) missing.push_back(id->text());
                     }
                     if (!missing.empty()) {
                       tended.taking = true;
                       send(tended, kTakeOwn, missing, [this, &tended](Reply rows) {
                         tended.taking = false;
                         if (!rows || refused(tended, rows, "taking up what is pending")) return;
                         accept(tended, std::move(rows), false);
                       });
                     }
                     if (elements(*reply).size() == kChunk && !stopped_) {
                       const auto last = EntryId::parse(text(element(element(*reply, kChunk - 1), 0)));
                       recover(tended, "(" + last.value_or(EntryId{}).text());
                       return;
                     }
                     tended.recovering = false;
                     ready_[tended.stream->slot] = true;
                     settle_trouble();
                   });
}

// ---- what is in hand ----

void Upkeep::keep(Tended& tended, Time now) {
  tended.keep_at = now + membership_.claim_after / 3;
  const std::vector<Inbox::Held> held = membership_.inbox.held(*tended.stream);
  const nanoseconds told = boot_time();
  if (held.empty()) {
    if (!membership_.inbox.holds_any()) kept_at_ = told;
    return;
  }
  for (std::size_t at = 0; at < held.size(); at += kChunk) {
    const auto chunk = std::span{held}.subspan(at, std::min(kChunk, held.size() - at));
    const bool last = at + kChunk >= held.size();
    tended.keeping = true;
    send(tended, kKeepAlive, texts(chunk), [this, &tended, last, told](Reply reply) {
      if (last) tended.keeping = false;
      if (!reply || refused(tended, reply, "keeping what is in hand")) return;
      if (last) kept_at_ = told;
      std::set<EntryId> gone;
      for (const redisReply* id : elements(element(*reply, 0))) gone.insert(EntryId::parse(text(*id)).value_or(EntryId{}));
      if (!gone.empty()) {
        membership_.inbox.lose(*tended.stream, gone,
                               {.code = DISPYTCH_EFENCED,
                                .text = "messages of stream `" + tended.stream->topic +
                                        "` belong to another member by now: the server heard nothing of them for `claim_after`"});
      }
      tell_trimmed(*tended.stream, element(*reply, 1));
    });
  }
}

// Others may take what the server has not heard of for `claim_after`. What is in hand is given up before that.
void Upkeep::lose_where_too_old(Time now) {
  if (!membership_.inbox.holds_any()) {
    kept_at_ = boot_time();
    return;
  }
  if (boot_time() - kept_at_ < membership_.claim_after) return;
  kept_at_ = boot_time();
  membership_.inbox.lose_everything({.code = DISPYTCH_EUNAVAILABLE,
                                     .text = "Redis at " + membership_.server.name() + " was not told for `claim_after` (" +
                                             std::to_string(membership_.claim_after.count()) +
                                             " ms) what is in hand: other members may take it",
                                     .retriable = true});
  for (Tended& tended : tended_) tended.take_at = now;
}

// ---- what others gave back or left behind ----

void Upkeep::take(Tended& tended, Time now) {
  tended.taking = true;
  tended.due_at = Time::max();
  const milliseconds idle = now < grace_until_ ? kOnlyReturned : membership_.claim_after;
  connection_.send(run_script(kTake, *tended.stream, membership_.group, membership_.member, {}, idle.count(), tended.cursor, kTakeAtOnce),
                   [this, &tended](Reply reply) {
                     tended.taking = false;
                     const Time asked = Connection::Clock::now();
                     tended.take_at = std::min(asked + membership_.claim_after / 3, tended.due_at);
                     if (!reply || refused(tended, reply, "taking what was given back or left idle")) return;
                     tended.cursor = text(element(*reply, 1));
                     if (tended.cursor != "0-0" || elements(element(*reply, 0)).size() >= kTakeAtOnce) tended.take_at = asked;
                     const std::int64_t due_ms = integer(element(*reply, 3), -1);
                     if (due_ms >= 0) tended.take_at = std::min(tended.take_at, asked + milliseconds{due_ms});
                     tell_trimmed(*tended.stream, element(*reply, 2));
                     accept(tended, std::move(reply), true);
                     settle_trouble();
                   });
}

// Rows of {entry, deliveries, record}, the first element of the answer.
void Upkeep::accept(Tended& tended, Reply reply, bool of_others) {
  const std::shared_ptr<const redisReply> owner{reply.release(), FreeReply{}};
  std::vector<Arrival> arrivals;
  for (const redisReply* row : elements(element(*owner, 0))) {
    const redisReply& entry = element(*row, 0);
    const auto id = EntryId::parse(text(element(entry, 0)));
    if (!id) continue;
    arrivals.push_back({.owner = owner,
                        .entry = &entry,
                        .id = *id,
                        .deliveries = static_cast<std::uint32_t>(integer(element(*row, 1), 1)),
                        .record = text(element(*row, 2))});
  }
  if (!of_others) tell_trimmed(*tended.stream, element(*owner, 1));
  if (arrivals.empty()) return;
  membership_.server.metrics.redeliveries.record(static_cast<double>(arrivals.size()));
  if (of_others) membership_.server.metrics.takeovers.record(static_cast<double>(arrivals.size()));
  deliver(membership_, settling_, *tended.stream, std::move(arrivals));
}

void Upkeep::tell_trimmed(const Stream& stream, const redisReply& ids) {
  const auto all = elements(ids);
  if (all.empty()) return;
  membership_.server.metrics.trimmed.record(static_cast<double>(all.size()));
  membership_.server.host.log(Level::warning, std::to_string(all.size()) + " messages of stream `" + stream.topic + "`, such as " +
                                                  std::string{text(*all.front())} + ", were trimmed or deleted before group `" +
                                                  membership_.group + "` had settled them");
}

// ---- figures ----

void Upkeep::count(Tended& tended) {
  tended.counting = true;
  send(tended, kBacklog, {}, [this, &tended](Reply reply) {
    tended.counting = false;
    const Time now = Connection::Clock::now();
    tended.count_at = now + kCountInterval;
    if (!reply || is_error(*reply) || is_nil(*reply)) return;
    const std::int64_t unread = integer(element(*reply, 0), -1);
    tended.lag.reset();
    if (unread >= 0) tended.lag = unread + integer(element(*reply, 1)) + integer(element(*reply, 2));
    tended.lag_at = now;
    std::vector<plugin::Lag> all;
    for (const Tended& each : tended_) {
      if (each.lag && now - each.lag_at < kLagPatience) all.push_back({.source = each.stream->source(), .messages = *each.lag});
    }
    const plugin::Lock lock{mutex_};
    lags_ = std::move(all);
  });
}

std::vector<plugin::Lag> Upkeep::lag() const {
  const plugin::Lock lock{mutex_};
  return lags_;
}

void Upkeep::tidy(Tended& tended) {
  tended.tidy_at = Connection::Clock::now() + kTidyInterval;
  connection_.send(run_script(kTidy, *tended.stream, membership_.group, kMemberPrefix, {}, kTidyAfter.count()), [](Reply) {});
}

// ---- trouble ----

bool Upkeep::refused(Tended& tended, const Reply& reply, std::string_view doing) {
  if (!is_error(*reply)) return false;
  const Refusal refusal = refusal_of(text(*reply));
  if (refusal == Refusal::no_group || refusal == Refusal::no_key || refusal == Refusal::wrong_type) {
    tended.grouped = false;
    ready_[tended.stream->slot] = false;
    return true;
  }
  set_trouble(error_of(text(*reply), std::string{doing} + " of stream `" + tended.stream->topic + "`", membership_.server.name()));
  const Time later = Connection::Clock::now() + kEnsurePause;
  tended.ensure_at = tended.take_at = later;
  tended.keep_at = std::min(tended.keep_at, later);
  return true;
}

void Upkeep::set_trouble(Error why) {
  if (logged_ != why.text) membership_.server.host.log(Level::warning, why.text);
  logged_ = why.text;
  trouble_ = std::move(why);
}

void Upkeep::settle_trouble() {
  if (std::ranges::find(ready_, false) != ready_.end()) return;
  trouble_.reset();
  logged_.clear();
}

// ---- the end ----

bool Upkeep::is_idle() const noexcept {
  return std::ranges::none_of(tended_, [](const Tended& each) { return each.asked || each.taking || each.keeping; });
}

void Upkeep::leave() {
  leaving_ = true;
  if (membership_.ephemeral || !connection_.is_up()) return;
  for (Tended& tended : tended_) {
    const std::vector<Inbox::Held> held = membership_.inbox.held(*tended.stream);
    std::size_t at = 0;
    do {
      std::vector<std::string> words;
      for (; at < held.size() && words.size() < kChunk; ++at) {
        words.push_back(held[at].id.text());
        words.push_back(std::to_string(held[at].deliveries));
      }
      ++unleft_;
      send(tended, kLeave, words, [this](Reply) { --unleft_; });
    } while (at < held.size());
  }
}

}  // namespace dispytch::redis
