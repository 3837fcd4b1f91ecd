// Batches: a lane whose turn it is with a message for a handler of batches waits for others of that handler, in its lane and beside it.
#include <algorithm>
#include <utility>

#include "base/mutate.hpp"
#include "lane/gather.hpp"
#include "listen/delivery.hpp"
#include "listen/engine.hpp"
#include "listen/keeper.hpp"

namespace dispytch::listen {

using lane::Gather;
using lane::Item;
using lane::Lane;
using lane::Trouble;
using lane::Verdict;
using std::chrono::nanoseconds;

namespace {

// Here, or before it was given back to the broker.
bool tried(const Item& item) { return item.attempts > 0 || (item.owned && item.owned->resumed_at >= 0); }

}  // namespace

// nullptr: it is handled by itself, be it because nobody can tell its type.
Gather* Engine::gather_of(Item& item) {
  const route::TypeRoute* route = item.routes->only;
  if (route == nullptr) {
    const Message message{*item.raw, &consumer_->api(), consumer_->raw()};
    MessageDelivery delivery{message, item, decoder_, runner_};
    if (!delivery.open(item.routes->wire)) return nullptr;
    route = item.routes->find(delivery.type());
  }
  const handle::BoundHandler* const handler = route != nullptr ? route->of_batches() : nullptr;
  if (handler == nullptr) return nullptr;
  return std::ranges::find(gathers_, handler, [](const auto& gather) { return gather->handler; })->get();
}

// Takes the lanes out of those that are ready whose first message goes to a handler of batches. The others keep their order.
void Engine::gather_ready() {
  for (std::size_t left = lanes_.ready(); left > 0; --left) {
    Lane& lane = *lanes_.take_ready();
    if (!gather(lane)) lanes_.make_ready(lane);
  }
}

// It is the lane's turn. false: its first message is handled by itself.
bool Engine::gather(Lane& lane) {
  while (lane.first->routes->batches && lane.first->deferred) {
    lane.first->deferred = false;
    lane.state = Lane::State::running;
    take_trouble(*lane.first);
    if (lane.first != nullptr && lane.state == Lane::State::running) continue;  // it is gone, and the next one's turn
    advance(lane);
    return true;
  }
  Item& first = *lane.first;
  if (!first.routes->batches || first.gather == nullptr) return false;
  if (tried(first)) return false;  // what failed is tried alone: its neighbours bear no risk of it
  Gather& gather = *first.gather;
  gather.join(lane, now());
  for (Item* item = &first; item != nullptr && join_in(lane, *item, gather); item = item->next) {}
  return true;
}

// The lane's first message that isn't in its batch. Those that are follow one another. Whether it takes part.
bool Engine::join_in(Lane& lane, Item& item, Gather& gather) {
  if (lane.gathered >= gather.max() || !may_join(item, gather)) return false;
  ++lane.gathered;
  ++gather.size;
  return true;
}

// What failed for want of something else, together with the first of its lane, is tried again together with it.
bool Engine::may_join(Item& item, const Gather& gather) {
  if (!item.routes->batches || item.gather != &gather || tried(item)) return false;
  if (item.deferred) {
    const Trouble::Kind kind = item.trouble->kind;
    if (kind != Trouble::Kind::unavailable && kind != Trouble::Kind::postponed) return false;
    item.deferred = false;
    if (kind == Trouble::Kind::unavailable) {
      ++item.outages;
      Counters::add(counters_.retries, 1);
    }
  }
  return true;
}

// The batch that is to be handled now: one that is full, or whose first message has waited long enough, or gets no company for want of
// room.
Gather* Engine::due_gather() {
  for (const auto& gather : gathers_) {
    if (gather->size == 0) continue;
    if (gather->full()) return gather.get();
    if (arriving_ || DISPYTCH_MUTATE("forget_a_batch")) continue;  // let the rest of the poll come in
    const Gather::Waiting& first = gather->lanes.front();
    const bool no_room = credit() == 0 || unfinished_bytes_ >= options_.delivery.limits.bytes || first.lane->withheld != nullptr;
    if (no_room || first.since + gather->wait() <= now()) return gather.get();
  }
  return nullptr;
}

// nullopt: nothing waits, or nobody could begin it.
std::optional<nanoseconds> Engine::next_gather() const {
  std::optional<nanoseconds> due;
  if (here_busy_ || ends() || (options_.executor && !room_for_parcels())) return due;
  for (const auto& gather : gathers_) {
    if (gather->size == 0 || DISPYTCH_MUTATE("forget_a_batch")) continue;
    const nanoseconds at = gather->lanes.front().since + gather->wait();
    due = std::min(due.value_or(at), at);
  }
  return due;
}

// Up to max messages, lane by lane. A lane of which only some come takes part again once they are back.
void Engine::take_gathered(Gather& gather, std::vector<Item*>& into) {
  into.clear();
  const std::size_t max = gather.max() + (DISPYTCH_MUTATE("one_too_many_in_a_batch") ? 1 : 0);
  while (!gather.lanes.empty() && into.size() < max) {
    Lane& lane = *gather.lanes.front().lane;
    gather.lanes.pop_front();
    gather.size -= lane.gathered;
    lane.state = Lane::State::running;
    const std::size_t take = std::min(lane.gathered, max - into.size());
    Item* item = lane.first;
    for (std::size_t taken = 0; taken < take; ++taken, item = item->next) {
      start_running(*item);
      item->state = Item::State::running;
      into.push_back(item);
    }
  }
}

void Engine::run_gathered_here(Gather& gather) {
  take_gathered(gather, gathered_here_);
  here_busy_ = true;
  if (keeper_) keeper_->enter_handler();
  runner_.run_batch(gathered_here_, *gather.handler, decoder_);
  if (keeper_) keeper_->leave_handler();
  here_busy_ = false;
  gathered_returned(gathered_here_);
}

// Messages of one lane stand together, in their order.
void Engine::gathered_returned(std::span<Item* const> items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = *items[i];
    Lane& lane = *item.lane;
    const bool known = item.verdict == Verdict::trouble && lane.first != &item && !item.source->let_go.load(std::memory_order_relaxed);
    if (known && DISPYTCH_MUTATE("settle_what_failed_behind")) {
      stop_running(item);
      finish(item);
    } else if (known) {
      defer(item);
    } else {
      judge(item);
    }
    if (i + 1 == items.size() || items[i + 1]->lane != &lane) advance(lane);
  }
}

// It failed behind one of its lane that isn't finished: what becomes of it is seen to once that is.
void Engine::defer(Item& item) {
  stop_running(item);
  item.state = Item::State::queued;
  item.deferred = true;
  item.trouble->since = std::max(now(), nanoseconds{1});  // 0: not deferred
  park(item);
}

// What waits for company must not pin the batch of the broker that it came in.
void Engine::park_gathered() {
  for (const auto& gather : gathers_) {
    for (const Gather::Waiting& waiting : gather->lanes) {
      Lane& lane = *waiting.lane;
      if (lane.parked == lane.size) continue;
      Item* item = lane.first;
      for (std::size_t passed = 0; passed < lane.parked; ++passed) item = item->next;
      for (; item != nullptr; item = item->next) park(*item);
      lane.parked = lane.size;
    }
  }
}

}  // namespace dispytch::listen
