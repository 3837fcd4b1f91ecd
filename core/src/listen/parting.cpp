// News of the group: sources gained, about to go, gone. A revocation and the end share one way of letting go.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "border/error.hpp"
#include "listen/engine.hpp"

namespace dispytch::listen {
namespace {

using lane::Item;
using lane::Lane;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// How long a revocation may wait for the broker to take what was settled, where the broker names no deadline.
constexpr milliseconds kRevocationSync{5000};

std::string_view text(dispytch_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }

std::string list_sources(const border::Batch& batch) {
  std::string list;
  for (const dispytch_source& source : batch.sources()) {
    if (!list.empty()) list += ", ";
    list += std::string{text(source.topic)} + "[" + std::to_string(source.partition) + "]";
  }
  return list.empty() ? "nothing" : list;
}

bool contains(const std::vector<settle::Source*>& sources, const settle::Source* source) {
  return std::ranges::find(sources, source) != sources.end();
}

}  // namespace

void Engine::handle_event(const border::Batch& batch) {
  const dispytch_batch& event = batch.raw();
  switch (event.kind) {
    case DISPYTCH_ASSIGNED: assigned(batch); break;
    case DISPYTCH_REVOKING: revoking(batch); return;  // confirmed once it is over
    case DISPYTCH_LOST: lost(batch); break;
    case DISPYTCH_DOWN:
      counters_.down.store(true, std::memory_order_relaxed);
      log::warning(log_source_, "the broker can't be reached: " + std::string{text(event.text)});
      break;
    case DISPYTCH_UP:
      counters_.down.store(false, std::memory_order_relaxed);
      log::info(log_source_, "the broker can be reached again");
      break;
    default:
      log::warning(log_source_, "the plugin reported an event of the unknown kind " + std::to_string(event.kind) + "; it was passed over");
  }
  confirm(event.event_token);
}

void Engine::assigned(const border::Batch& batch) {
  announces_sources_ = true;
  for (const dispytch_source& source : batch.sources()) {
    settle::Source& added = ledger_.add(source.source);
    if (let_all_go_) added.let_go.store(true, std::memory_order_relaxed);
  }
  counters_.joined.store(true, std::memory_order_relaxed);
  Counters::add(counters_.assigned, batch.sources().size());
  announce("assigned: " + list_sources(batch));
}

void Engine::give_back(std::size_t sources) noexcept {
  Counters::subtract(counters_.assigned, std::min<std::uint64_t>(counters_.assigned.load(std::memory_order_relaxed), sources));
}

std::vector<settle::Source*> Engine::sources_of(const border::Batch& batch) {
  std::vector<settle::Source*> sources;
  for (const dispytch_source& named : batch.sources()) {
    if (settle::Source* const source = ledger_.find(named.source)) sources.push_back(source);
  }
  return sources;
}

void Engine::revoking(const border::Batch& batch) {
  const dispytch_batch& event = batch.raw();
  // Handlers have half of the broker's time, settling half of what is left then.
  const nanoseconds time{milliseconds{event.deadline_ms}};
  nanoseconds wait = options_.delivery.revoke_timeout;
  if (event.deadline_ms > 0) wait = std::min(wait, time / 2);
  if (let_all_go_) wait = std::clamp<nanoseconds>(drain_deadline_ - now(), nanoseconds{0}, wait);
  // While the broker is asked to make it durable nothing is polled: not for as long as a patient broker would bear.
  nanoseconds settle_within = wait + kRevocationSync;
  if (event.deadline_ms > 0) settle_within = std::min(settle_within, time * 3 / 4);
  if (let_all_go_) settle_within = std::min(settle_within, std::max<nanoseconds>(milliseconds{1}, drain_deadline_ - now()));
  partings_.push_back({.sources = sources_of(batch),
                       .event_token = event.event_token,
                       .deadline = now() + wait,
                       .give_up = now() + settle_within,
                       .list = list_sources(batch)});
  give_back(batch.sources().size());
  let_go(partings_.back().sources);
  advance_partings();
}

void Engine::lost(const border::Batch& batch) {
  const std::string why{text(batch.raw().text)};
  std::vector<settle::Source*> sources;
  if (batch.sources().empty() && batch.tokens().empty()) {
    ledger_.for_each([&](settle::Source& source) { sources.push_back(&source); });
    counters_.assigned.store(0, std::memory_order_relaxed);
    counters_.joined.store(false, std::memory_order_relaxed);
    log::warning(log_source_, "lost everything: " + why);
  } else {
    sources = sources_of(batch);
    give_back(batch.sources().size());
    log::warning(log_source_, "lost: " + list_sources(batch) + (why.empty() ? "" : ": " + why));
  }
  lose(sources);
}

// Nothing is awaited: somebody else handles them already.
void Engine::lose(const std::vector<settle::Source*>& sources) {
  let_go(sources);
  for (Parting& parting : partings_) {
    std::erase_if(parting.sources, [&](const settle::Source* source) { return contains(sources, source); });
  }
  for (settle::Source* source : sources) forget(*source);
}

// Revocations whose handlers are back, or whose time is over.
void Engine::advance_partings() {
  while (!partings_.empty()) {
    Parting& parting = partings_.front();
    const bool running = std::ranges::any_of(parting.sources, [](const settle::Source* source) { return source->running > 0; });
    if (running && now() < parting.deadline && !DISPYTCH_MUTATE("revoke_without_waiting")) return;
    part(parting);
    partings_.pop_front();
  }
}

void Engine::part(Parting& parting) {
  if (DISPYTCH_MUTATE("confirm_before_settling")) confirm(std::exchange(parting.event_token, 0));
  if (const Result<void> settled = settle(); !settled) log::error(log_source_, settled.error().text);
  const auto left = std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(parting.give_up - now()));
  if (DISPYTCH_MUTATE("part_without_sync")) {
    // nothing is waited for
  } else if (const Result<void> synced = consumer_->sync(left); !synced) {
    log::warning(log_source_, "the broker didn't take all of what was settled before a revocation; some messages will be handled twice: " +
                                  synced.error().text);
  }
  std::size_t running = 0;
  for (settle::Source* source : parting.sources) {
    running += source->running;
    forget(*source);
  }
  if (running > 0) {
    log::warning(log_source_, std::to_string(running) + " messages were still being handled when their partitions had to be given up; " +
                                  "they will be handled twice");
  }
  announce("revoked: " + parting.list);
  confirm(parting.event_token);
}

// What has not begun is let go at once: it is delivered to the next owner. What runs stays until it is back.
void Engine::let_go(const std::vector<settle::Source*>& sources) {
  for (settle::Source* source : sources) source->let_go.store(true, std::memory_order_relaxed);
  if (!DISPYTCH_MUTATE("begin_what_was_let_go")) take_back_all();
  std::vector<Lane*> lanes;
  lanes_.for_each([&](Lane& lane) { lanes.push_back(&lane); });
  if (DISPYTCH_MUTATE("forget_one_lane_on_revoke") && !lanes.empty()) lanes.pop_back();
  for (Lane* lane : lanes) let_go(*lane, sources);
}

void Engine::let_go(Lane& lane, const std::vector<settle::Source*>& sources) {
  const auto waits = [](const Item& item) {
    return item.state == Item::State::queued || item.state == Item::State::waiting || item.state == Item::State::held;
  };
  bool first_went = false;
  if (lane.state == Lane::State::gathers) {  // who stays takes part again
    bool concerned = false;
    for (Item* item = lane.first; item != nullptr && !concerned; item = item->next) concerned = contains(sources, item->source);
    if (!concerned) return;
    lane.first->gather->leave(lane);
    lanes_.make_ready(lane);
  }
  for (Item* item = lane.first; item != nullptr;) {
    Item* const next = item->next;
    if (contains(sources, item->source) && waits(*item)) {
      first_went = first_went || item == lane.first;
      drop_item(*item);
    }
    item = next;
  }
  if (!first_went) return;
  if (lane.state == Lane::State::ready) {
    if (lane.first == nullptr) advance(lane);
    return;
  }
  if (lane.state == Lane::State::blocked) lane.state = Lane::State::running;
  advance(lane);
}

void Engine::forget(settle::Source& source) {
  if (source.withheld) --withheld_sources_;
  if (source.withheld_lanes > 0) {
    lanes_.for_each([&](Lane& lane) {
      if (lane.withheld == &source) lane.withheld = nullptr;
    });
    withheld_lanes_ -= std::exchange(source.withheld_lanes, 0);
  }
  source.withheld = false;
  if (DISPYTCH_MUTATE("settle_for_the_next_owner")) return;
  ledger_.forget(source);
}

// Lets the broker go on after an event: an assignment is delivered, a revoked source given to the next.
void Engine::confirm(std::uint64_t event_token) {
  if (event_token == 0) return;
  const dispytch_settlement confirmed{event_token, DISPYTCH_ACK, 0};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle({&confirmed, 1}, error);
  if (status < 0 && status != DISPYTCH_EFENCED) log::error(log_source_, to_error(status, error).text);
}

}  // namespace dispytch::listen
