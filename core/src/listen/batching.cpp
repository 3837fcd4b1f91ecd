#include "listen/batching.hpp"

#include <algorithm>

#include "base/mutate.hpp"
#include "listen/delivery.hpp"
#include "listen/describe.hpp"

namespace dispytch::listen {

using inflight::Item;
using lane::BatchBuilder;
using lane::Lane;
using std::chrono::nanoseconds;

namespace {

// What was tried, here or before it was given back to the broker, and what must be handled with nothing beside it.
bool goes_alone(const Item& item) {
  return item.attempts > 0 || item.carried > 0 || item.suspect || (item.owned && item.owned->resumed_at >= 0);
}

}  // namespace

Batching::Batching(const route::Router& router, const Parts& parts) : parts_{parts} {
  for (const handle::BoundHandler* handler : router.of_batches()) builders_.emplace_back(*handler, parts_.in_flight.lanes());
}

BatchBuilder& Batching::builder_of(const handle::BoundHandler& handler) {
  return *std::ranges::find(builders_, &handler, [](const BatchBuilder& builder) { return &builder.handler(); });
}

// A message whose type can't be told, or that has no payload, is handled by itself.
void Batching::choose_handler(Item& item) {
  if (item.raw->payload.data == nullptr) return;
  const route::TypeRoute* route = item.routes->only;
  if (route == nullptr) {
    const Message message = message_of(item, parts_.consumer);
    MessageDelivery delivery{message, item, decoder_, parts_.runner};
    if (!delivery.open(item.routes->wire)) return;
    route = item.routes->find(delivery.type());
  }
  item.batch_handler = route != nullptr ? route->of_batches() : nullptr;
}

void Batching::arrived(Item& item, Lane& lane) {
  if (lane.state == Lane::State::gathering && lane.gathered + 1 == lane.size) join(lane, item, builder_of(*lane.first->batch_handler));
}

void Batching::gather_ready() {
  if (builders_.empty()) return;
  for (std::size_t left = parts_.in_flight.lanes().ready(); left > 0; --left) {
    Lane& lane = *parts_.in_flight.lanes().next_ready();
    if (!gather(lane)) parts_.in_flight.lanes().put_back(lane);
  }
}

// It is the turn of a lane, which is running. Returns false where its first message is handled by itself.
bool Batching::gather(Lane& lane) {
  while (lane.first->deferred) {
    parts_.outcomes.resume_deferred(*lane.first);
    if (lane.first != nullptr && lane.state == Lane::State::running) continue;  // it is gone, and the next one's turn
    parts_.in_flight.advance(lane);
    return true;
  }
  Item& first = *lane.first;
  if (first.batch_handler == nullptr || goes_alone(first)) return false;
  BatchBuilder& builder = builder_of(*first.batch_handler);
  builder.join(lane, parts_.setup.now());
  for (Item* item = &first; item != nullptr && join(lane, *item, builder); item = item->next) {}
  return true;
}

// Lets the lane's first message that is not in its batch take part. Those that are in it follow one another.
bool Batching::join(Lane& lane, Item& item, BatchBuilder& builder) { return may_join(item, builder) && builder.add(lane); }

// A message that failed since something was away, together with the first of its lane, is tried again together with that.
bool Batching::may_join(Item& item, const BatchBuilder& builder) {
  if (item.batch_handler != &builder.handler() || goes_alone(item)) return false;
  return !item.deferred || parts_.outcomes.rejoin(item);
}

BatchBuilder* Batching::due() {
  for (BatchBuilder& builder : builders_) {
    if (builder.empty()) continue;
    if (builder.full()) return &builder;
    if (arriving_ || DISPYTCH_MUTATE("forget_a_batch")) continue;
    const bool no_company =
        parts_.halt.is_over() || parts_.in_flight.backpressure().is_full() || builder.oldest().lane->withheld != nullptr;
    if (no_company || builder.due_at() <= parts_.setup.now()) return &builder;
  }
  return nullptr;
}

std::optional<nanoseconds> Batching::next_due() const {
  std::optional<nanoseconds> due;
  for (const BatchBuilder& builder : builders_) {
    if (builder.empty() || DISPYTCH_MUTATE("forget_a_batch")) continue;
    due = Deadlines::earlier(due, builder.due_at());
  }
  return due;
}

void Batching::leave(Lane& lane) { builder_of(*lane.first->batch_handler).leave(lane); }

void Batching::copy_out_waiting() {
  for (BatchBuilder& builder : builders_) {
    builder.copy_out([this](Item& item) { parts_.in_flight.batches().copy_out(item); });
  }
}

}  // namespace dispytch::listen
