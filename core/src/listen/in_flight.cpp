#include "listen/in_flight.hpp"

#include <cstdint>

#include "base/mutate.hpp"

namespace dispytch::listen {

using inflight::Item;
using inflight::Verdict;

void InFlight::put_back(Item& item) {
  lanes_.put_back(item);
  if (item.is_revoked()) {
    leave(item);  // its next owner calls all its handlers
  } else if (lanes_.of(item).state == lane::Lane::State::blocked) {
    batches_.copy_out(item);
  }
}

void InFlight::finish(Item& item) {
  switch (item.verdict) {
    case Verdict::done: Counters::add(counters_->handled, 1); break;
    case Verdict::unhandled: Counters::add(counters_->unhandled, 1); break;
    case Verdict::dropped: Counters::add(counters_->dropped, 1); break;
    default: break;  // who finishes it counts it
  }
  ledger_.finish(*item.source, item.ordinal, item.raw->token);
  leave(item);
}

void InFlight::requeue(Item& item, std::uint32_t delay_ms, std::uint32_t attempts) {
  if (DISPYTCH_MUTATE("requeue_settles_too")) ledger_.finish(*item.source, item.ordinal, item.raw->token);
  if (!DISPYTCH_MUTATE("forget_a_requeue")) ledger_.requeue(item.raw->token, DISPYTCH_MUTATE("requeue_at_once") ? 0 : delay_ms, attempts);
  leave(item);
}

void InFlight::leave(Item& item) {
  lanes_.remove(item);
  batches_.release(item);
  backpressure_.left(item);
  settle::Source& source = *item.source;
  items_.put_back(item);
  ledger_.drop_reference(source);
}

void InFlight::forget(settle::Source& source) {
  backpressure_.forget(source, lanes_);
  if (!DISPYTCH_MUTATE("settle_for_the_next_owner")) ledger_.forget(source);
}

std::vector<settle::Source*> InFlight::sources() {
  std::vector<settle::Source*> all;
  ledger_.for_each([&](settle::Source& source) { all.push_back(&source); });
  return all;
}

bool InFlight::is_at_rest() {
  if (unfinished() == 0) return true;
  if (lanes_.held() == 0 || DISPYTCH_MUTATE("never_idle_beside_what_is_held")) return false;
  bool at_rest = true;
  lanes_.for_each([&](const lane::Lane& lane) { at_rest = at_rest && lane.first->state == Item::State::held; });
  return at_rest;
}

void InFlight::publish() noexcept {
  counters_->held.store(lanes_.held(), std::memory_order_relaxed);
  counters_->waiting.store(lanes_.waiting(), std::memory_order_relaxed);
  counters_->unfinished.store(backpressure_.unfinished(), std::memory_order_relaxed);
  counters_->unfinished_bytes.store(backpressure_.unfinished_bytes(), std::memory_order_relaxed);
}

}  // namespace dispytch::listen
