// From a poll's batch into lanes, and from there to the handlers of the thread that steps.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "listen/engine.hpp"
#include "listen/keeper.hpp"

namespace dispytch::listen {
namespace {

using lane::Item;
using lane::Lane;
using std::chrono::nanoseconds;

// With workers: of older batches only what runs is left where it lies. So many are the 16,384 messages of the default bounds twice over,
// where polls bring what they may.
constexpr std::size_t kBatchesHeld = 32;

std::string_view view(dispytch_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }

// Where the broker has no partitions the source itself is told apart from others of its topic.
std::int32_t partition_of(const dispytch_message& raw) {
  if ((raw.flags & DISPYTCH_MSG_PARTITION) != 0) return raw.partition;
  return -2 - static_cast<std::int32_t>(DISPYTCH_SOURCE_SLOT(raw.source));
}

}  // namespace

void Engine::take_batch(border::Batch batch, const std::stop_token& stop) {
  if (free_batches_.empty()) free_batches_.push_back(batches_.emplace_back(std::make_unique<lane::SharedBatch>()).get());
  lane::SharedBatch& shared = *free_batches_.back();
  free_batches_.pop_back();
  shared.batch = std::move(batch);
  shared.users = 1;  // this function
  shared.serial = ++batch_serial_;
  arrived_ = now();
  if (keeper_) keeper_->batch_begins();
  const auto messages = shared.batch.messages();
  std::size_t taken = 0;
  arriving_ = true;
  while (taken < messages.size() && !ends() && !stop.stop_requested()) {
    Item* const item = arrive(messages[taken++], shared, arrived_);
    if (!options_.executor) {
      dispatch_here();
    } else if (item != nullptr) {
      shared.items.push_back(item);
    }
  }
  arriving_ = false;
  Counters::add(counters_.received, taken);
  if (keeper_) keeper_->batch_ends();
  if (options_.executor) held_batches_.push_back({&shared, shared.serial});
  give_up_share(shared);
  park_oldest();
}

// nullptr: the message is of a source that was given up; whoever has it next gets the message too.
Item* Engine::arrive(const dispytch_message& raw, lane::SharedBatch& shared, nanoseconds at) {
  settle::Source* source = ledger_.find(raw.source);
  if (source == nullptr) {
    if (announces_sources_) return nullptr;
    source = &ledger_.add(raw.source);
  }
  if (source->let_go.load(std::memory_order_relaxed)) return nullptr;
  lane::Place& place = lanes_.place(view(raw.topic), partition_of(raw));
  Item& item = items_.take();
  item.raw = &raw;
  item.batch = &shared;
  ++shared.users;
  item.source = source;
  item.ordinal = ledger_.arrive(*source, raw.token);
  item.routes = &router_.routes(place.topic);
  item.bytes = raw.key.len + raw.payload.len;
  item.arrived = at;
  ++unfinished_;
  unfinished_bytes_ += item.bytes;
  if (item.routes->finishes_later) park(item);  // its handler may look at it after the batch is gone
  if (!requeued_.empty()) recall(item, place);
  if (item.routes->batches) {
    item.deferred = false;
    item.gather = gather_of(item);
  }
  Lane& lane = lanes_.lane_of(place, view(raw.key), raw.key.data != nullptr);
  lane.push(item);
  if (lane.state == Lane::State::free) {
    lanes_.make_ready(lane);
  } else if (lane.state == Lane::State::blocked) {
    park(item);
  } else if (lane.state == Lane::State::gathers) {
    if (lane.gathered + 1 == lane.size) join_in(lane, item, *lane.first->gather);
  }
  withhold_where_full(*source, lane);
  return &item;
}

// A message that comes back goes on where it stopped: with the handler that failed, and with what that had tried already. If others got it
// in between, each of those deliveries was an attempt.
void Engine::recall(Item& item, const lane::Place& place) {
  if (item.raw->attempt < 2) return;
  const auto key = Requeued::key_of(place, *item.raw);
  const auto progress = key ? requeued_.recall(*key) : std::nullopt;
  if (!progress) return;
  park(item);
  item.next_target = progress->next_target;
  item.owned->resumed_at = progress->next_target;
  item.owned->deliveries = item.raw->attempt;
  const std::uint32_t elsewhere = item.raw->attempt > progress->deliveries + 1 ? item.raw->attempt - progress->deliveries - 1 : 0;
  item.owned->raw.attempt = progress->attempts + elsewhere + 1;
  item.owned->seen_before = item.arrived - progress->first_seen;
}

// ---- from lanes to workers ----

void Engine::dispatch() {
  if (ends()) return;
  if (options_.executor) {
    dispatch_to_workers();
  } else if (lanes_.any_ready() || !gathers_.empty()) {
    if (keeper_) keeper_->batch_begins();  // a handler may be slow here, too: at its next attempt, or with a batch
    dispatch_here();
    if (keeper_) keeper_->batch_ends();
  }
  if (!gathers_.empty()) park_gathered();
}

void Engine::dispatch_here() {
  while (!here_busy_ && !ends() && !stop_.stop_requested()) {
    if (!gathers_.empty()) {
      gather_ready();
      if (lane::Gather* const due = ends() ? nullptr : due_gather()) run_gathered_here(*due);
      if (ends() || stop_.stop_requested()) return;
    }
    Lane* const lane = lanes_.take_ready();
    if (lane == nullptr) return;
    lane->state = Lane::State::running;
    Item& item = *lane->first;
    run_here(item);
    judge(item);
    advance(*lane);
  }
}

void Engine::run_here(Item& item) {
  start_running(item);
  item.state = Item::State::running;
  here_busy_ = true;
  if (keeper_) {
    keeper_->enter_handler();
    runner_.run(item, decoder_);
    keeper_->leave_handler();
  } else {
    runner_.run(item, decoder_);
  }
  here_busy_ = false;
}

// ---- bounds ----

// A lane that has had its share of the unfinished messages, and a source whose window is nearly full, get no more for now. Where the
// backend can't withhold one source, credit() withholds all.
void Engine::withhold_where_full(settle::Source& source, Lane& lane) {
  if (lane.size > options_.delivery.limits.lane && lane.withheld == nullptr && !DISPYTCH_MUTATE("no_share_of_a_lane")) {
    lane.withheld = &source;
    ++withheld_lanes_;
    ++source.withheld_lanes;
  }
  if (!can_withhold_ || source.withheld) return;
  const std::size_t reserve = std::min<std::size_t>(2 * std::size_t{options_.batch_messages}, options_.delivery.limits.span / 2);
  if (source.withheld_lanes == 0 && ledger_.room(source) >= reserve) return;
  if (const Result<void> withheld = withhold(source, true); !withheld) log::warning(log_source_, withheld.error().text);
}

void Engine::resume_where_room() {
  const std::size_t reserve = std::min<std::size_t>(4 * std::size_t{options_.batch_messages}, options_.delivery.limits.span * 3 / 4);
  ledger_.for_each([&](settle::Source& source) {
    if (!source.withheld || source.withheld_lanes > 0 || ledger_.room(source) < reserve || DISPYTCH_MUTATE("never_resume")) return;
    if (const Result<void> resumed = withhold(source, false); !resumed) log::warning(log_source_, resumed.error().text);
  });
}

Result<void> Engine::withhold(settle::Source& source, bool on) {
  dispytch_source named{};
  named.source = source.id;
  if (Result<void> paused = consumer_->pause({&named, 1}, on); !paused) return paused;
  source.withheld = on;
  withheld_sources_ += on ? 1 : std::size_t(-1);
  return {};
}

void Engine::release_share(Item& item) noexcept {
  if (lane::SharedBatch* const shared = std::exchange(item.batch, nullptr)) give_up_share(*shared);
}

void Engine::give_up_share(lane::SharedBatch& shared) noexcept {
  if (--shared.users > 0) return;
  shared.batch.release();
  shared.serial = 0;
  shared.items.clear();
  free_batches_.push_back(&shared);
}

// Few messages of a batch may be left, behind a handler that takes its time, while others come and go: each such batch would pin a whole
// response of the broker.
void Engine::park_oldest() {
  const auto over = [this] { return held_batches_.front().batch->serial != held_batches_.front().serial; };
  while (!held_batches_.empty() && (over() || held_batches_.size() > kBatchesHeld)) {
    if (!over()) {
      const auto [batch, serial] = held_batches_.front();
      for (std::size_t i = 0; batch->serial == serial && i < batch->items.size(); ++i) {  // until the last that needs it is parked
        Item& item = *batch->items[i];
        if (item.batch == batch && item.state == Item::State::queued) park(item);
      }
    }
    held_batches_.pop_front();
  }
}

// A message that waits must not pin the batch it came in, and with it a whole response of the broker.
void Engine::park(Item& item) {
  if (item.batch == nullptr) return;
  if (!item.own(consumer_->api(), consumer_->raw())) {
    const Failure place = describe(item);
    log::error(log_source_, "the headers of a message of topic `" + place.topic + "`, " + place.position +
                                " can't be read; it waits, and would be dead-lettered, without them");
  }
  release_share(item);
}

}  // namespace dispytch::listen
