#include "listen/arrivals.hpp"

#include <algorithm>
#include <cstdint>

#include "listen/suspects.hpp"
#include "text/bytes.hpp"

namespace dispytch::listen {

using inflight::Item;

namespace {

// Where the broker has no partitions the source itself is told apart from others of its topic.
std::int32_t partition_of(const dispytch_message& raw) {
  if ((raw.flags & DISPYTCH_MSG_PARTITION) != 0) return raw.partition;
  return -2 - static_cast<std::int32_t>(DISPYTCH_SOURCE_SLOT(raw.source));
}

}  // namespace

Item* Arrivals::take(const dispytch_message& raw, inflight::SharedBatch& batch, std::chrono::nanoseconds at) {
  settle::Source* const source = membership_->source(raw.source);
  if (source == nullptr) return nullptr;
  lane::Place& place = in_flight_->lanes().place(text::view(raw.topic), partition_of(raw));
  Item& item = in_flight_->make(raw, batch, *source, at);
  item.routes = &router_->routes(place.topic);
  if (item.routes->finishes_later) in_flight_->batches().copy_out(item);  // its handler may look at it after the batch is gone
  if ((raw.flags & DISPYTCH_MSG_ATTEMPTS) != 0) item.carried = raw.attempts;
  if (!requeued_->empty()) recall(item, place);
  Suspects::judge(item, *delivery_);
  if (item.routes->batches) batching_->choose_handler(item);
  lane::Lane& lane = in_flight_->enter(item, place, text::view(raw.key), raw.key.data != nullptr);
  if (item.routes->batches) batching_->arrived(item, lane);
  return &item;
}

// A message that comes back goes on where it stopped: with the handler that failed, and with what that had tried already. If others had it
// in between and gave it back as well, the broker says more attempts than this process knows of.
void Arrivals::recall(Item& item, const lane::Place& place) {
  const bool carried = (item.raw->flags & DISPYTCH_MSG_ATTEMPTS) != 0;
  if (item.raw->attempt < 2 && !carried) return;
  const auto key = Requeued::key_of(place, *item.raw);
  const auto progress = key ? requeued_->recall(*key) : std::nullopt;
  if (!progress) return;
  in_flight_->batches().copy_out(item);
  item.owned->seen_before = item.arrived - progress->first_seen;
  if (carried && item.raw->attempts != std::min<std::uint32_t>(progress->attempts, UINT16_MAX)) return;
  item.next_target = progress->next_target;
  item.owned->resumed_at = progress->next_target;
  item.carried = progress->attempts;
}

}  // namespace dispytch::listen
