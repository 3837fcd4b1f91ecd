#include "listen/revocations.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"

namespace dispytch::listen {

using inflight::Item;
using lane::Lane;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// How long a revocation may wait for the broker to take what was settled, where the broker names no deadline.
constexpr milliseconds kSyncAtRevocation{5000};
// How long the broker may take for what was settled while handlers are awaited at the end; at the very end it has all that is left.
constexpr milliseconds kSyncMeanwhile{1000};

bool contains(const std::vector<settle::Source*>& sources, const settle::Source* source) {
  return std::ranges::find(sources, source) != sources.end();
}

bool has_not_begun(const Item& item) {
  return item.state == Item::State::queued || item.state == Item::State::waiting || item.state == Item::State::held;
}

}  // namespace

void Revocations::begin(std::vector<settle::Source*> sources, Event event) {
  const nanoseconds now = parts_.setup.now();
  const nanoseconds allowed = event.deadline > milliseconds{0} ? nanoseconds{event.deadline} : nanoseconds::max() / 4;
  // Handlers have half of the broker's time, settling half of what is left then. While the broker is asked to make it durable nothing is
  // polled: not for as long as a patient broker would bear.
  nanoseconds wait = std::min<nanoseconds>(parts_.setup.delivery.revoke_timeout, allowed / 2);
  if (parts_.halt.is_draining()) wait = std::min(wait, drain_left());
  nanoseconds settle_within = std::min<nanoseconds>(wait + kSyncAtRevocation, allowed / 4 * 3);
  if (parts_.halt.is_draining()) settle_within = std::min(settle_within, std::max<nanoseconds>(milliseconds{1}, drain_left()));
  revoke(sources);
  under_way_.push_back(
      {.sources = std::move(sources), .event = std::move(event), .handlers_until = now + wait, .settled_until = now + settle_within});
  advance();
}

void Revocations::lose(const std::vector<settle::Source*>& sources) {
  revoke(sources);
  for (Revocation& revocation : under_way_) {
    std::erase_if(revocation.sources, [&](const settle::Source* source) { return contains(sources, source); });
  }
  for (settle::Source* source : sources) parts_.in_flight.forget(*source);
}

void Revocations::advance() {
  while (!under_way_.empty()) {
    Revocation& first = under_way_.front();
    const bool running = std::ranges::any_of(first.sources, [](const settle::Source* source) { return source->running > 0; });
    if (running && parts_.setup.now() < first.handlers_until && !DISPYTCH_MUTATE("revoke_without_waiting")) return;
    end(first);
    under_way_.pop_front();
  }
}

void Revocations::end(Revocation& revocation) {
  if (DISPYTCH_MUTATE("confirm_before_settling")) parts_.settling.confirm(std::exchange(revocation.event.event_token, 0));
  parts_.settling.settle_or_log();
  const auto left = std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(revocation.settled_until - parts_.setup.now()));
  if (const Result<void> synced = DISPYTCH_MUTATE("part_without_sync") ? Result<void>{} : parts_.settling.sync(left); !synced) {
    log::warning(
        parts_.setup.log_source,
        "the broker didn't take all of what was settled before a revocation; some messages will be handled twice: " + synced.error().text);
  }
  std::size_t running = 0;
  for (settle::Source* source : revocation.sources) {
    running += source->running;
    parts_.in_flight.forget(*source);
  }
  if (running > 0) {
    log::warning(parts_.setup.log_source, std::to_string(running) + " messages were still being handled when their partitions had to be " +
                                              "given up; they will be handled twice");
  }
  parts_.setup.announce("revoked: " + revocation.event.list);
  parts_.settling.confirm(revocation.event.event_token);
}

std::optional<nanoseconds> Revocations::next_due() const {
  std::optional<nanoseconds> due;
  for (const Revocation& revocation : under_way_) due = Deadlines::earlier(due, revocation.handlers_until);
  return due;
}

// What has not begun is left at once: it is delivered to the next owner. What runs stays until it is back.
void Revocations::revoke(const std::vector<settle::Source*>& sources) {
  for (settle::Source* source : sources) source->revoked.store(true, std::memory_order_relaxed);
  if (!DISPYTCH_MUTATE("begin_what_was_let_go")) parts_.dispatcher.take_back_all();
  std::vector<Lane*> lanes;
  parts_.in_flight.lanes().for_each([&](Lane& lane) { lanes.push_back(&lane); });
  if (DISPYTCH_MUTATE("forget_one_lane_on_revoke") && !lanes.empty()) lanes.pop_back();
  for (Lane* lane : lanes) revoke(*lane, sources);
}

void Revocations::revoke(Lane& lane, const std::vector<settle::Source*>& sources) {
  bool concerned = false;
  for (Item* item = lane.first; item != nullptr && !concerned; item = item->next) concerned = contains(sources, item->source);
  if (!concerned) return;
  if (lane.state == Lane::State::gathering) parts_.batching.leave(lane);  // the messages that stay take part again
  bool first_left = false;
  for (Item* item = lane.first; item != nullptr;) {
    Item* const next = item->next;
    if (contains(sources, item->source) && has_not_begun(*item)) {
      first_left = first_left || item == lane.first;
      if (DISPYTCH_MUTATE("settle_what_never_began") && item->state == Item::State::queued) {
        parts_.in_flight.finish(*item);
      } else {
        parts_.in_flight.leave(*item);
      }
    }
    item = next;
  }
  if (first_left) parts_.in_flight.first_left(lane);
}

// ---- the end ----

void Revocations::begin_drain(milliseconds within) {
  parts_.halt.drain();
  drain_until_ = parts_.setup.now() + within;
  revoke(parts_.in_flight.sources());
}

nanoseconds Revocations::drain_left() const noexcept { return std::max(nanoseconds{0}, drain_until_ - parts_.setup.now()); }

milliseconds Revocations::sync_meanwhile() const noexcept {
  if (!parts_.halt.is_draining()) return kSyncMeanwhile;
  return std::clamp(std::chrono::ceil<milliseconds>(drain_left()), milliseconds{1}, kSyncMeanwhile);
}

}  // namespace dispytch::listen
