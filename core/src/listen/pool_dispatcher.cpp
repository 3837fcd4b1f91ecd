#include "listen/pool_dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "base/mutate.hpp"

namespace dispytch::listen {
namespace {

using inflight::Item;
using inflight::Verdict;
using lane::BatchBuilder;
using lane::Lane;
using std::chrono::nanoseconds;

// What a worker takes at once should be over in this time: ten hand-overs' worth of sleep and wake even for handlers of 2 ms, and soon
// enough for what is done to be settled.
constexpr double kUnitNs = 20e6;
constexpr double kMostOfAUnit = 256;
// Then its other lanes go to others.
constexpr nanoseconds kOverdue{100'000'000};
// A worker that is done finds the next unit ready, and needn't wait until the owner has heard of it.
constexpr std::size_t kUnitsForEachWorker = 2;
constexpr double kSmoothing = 0.2;  // of a new measurement of what a message costs

}  // namespace

bool PoolDispatcher::dispatch() {
  parts_.batching.gather_ready();
  while (has_room() && !parts_.halt.is_over() && !parts_.suspects.block()) {
    BatchBuilder* const due = parts_.batching.due();
    if (due != nullptr) submit_batch(*due);
    if (has_room() && parts_.in_flight.lanes().any_ready() && !parts_.suspects.block()) {
      if (parts_.in_flight.lanes().first_ready()->first->suspect) {
        submit_suspect();
      } else {
        submit_ready();
      }
    } else if (due == nullptr) {
      break;
    }
  }
  parts_.batching.copy_out_waiting();
  return false;
}

void PoolDispatcher::submit_batch(BatchBuilder& builder) {
  WorkUnit& unit = free_unit();
  unit.batch_of = &builder.handler();
  builder.take(unit.items);
  submit(unit);
}

// Each worker gets a share of what is ready: much while there is much (few hand-overs), one lane at a time towards the end (so that all
// end together: guided self-scheduling, Polychronopoulos and Kuck 1987), and never more than takes kUnitNs.
void PoolDispatcher::submit_ready() {
  lane::Lanes& lanes = parts_.in_flight.lanes();
  const double affordable = item_cost_ns_ > 0 ? std::clamp(kUnitNs / item_cost_ns_, 1.0, kMostOfAUnit) : 1;
  const std::size_t share_of_lanes = std::max<std::size_t>(1, lanes.ready() / (2 * parts_.executor->workers()));
  const auto share_of_items = static_cast<std::size_t>(affordable);
  const std::size_t run = std::max<std::size_t>(1, share_of_items / share_of_lanes);  // of one lane
  WorkUnit& unit = free_unit();
  unit.batch_of = nullptr;
  std::vector<Item*>& items = unit.items;
  items.clear();
  for (std::size_t taken_lanes = 0; taken_lanes < share_of_lanes && items.size() < share_of_items; ++taken_lanes) {
    if (!lanes.any_ready() || lanes.first_ready()->first->suspect) break;
    Lane* const lane = lanes.next_ready();
    std::size_t taken = 0;
    for (Item* item = lane->first; item != nullptr && taken < run; item = item->next, ++taken) {
      if (taken > 0 && (item->batch_handler != nullptr || item->suspect)) break;  // its turn is another
      lanes.begin(*item);
      if (item->next_target == 0) item->verdict = Verdict::none;
      items.push_back(item);
    }
  }
  submit(unit);
}

// Nothing else runs.
void PoolDispatcher::submit_suspect() {
  Lane& lane = *parts_.in_flight.lanes().next_ready();
  Item& item = *lane.first;
  const Suspects::Begin begin = parts_.suspects.begin(item);
  if (begin == Suspects::Begin::failed) parts_.outcomes.returned(item);
  if (begin != Suspects::Begin::runs) {
    parts_.in_flight.advance(lane);
    return;
  }
  WorkUnit& unit = free_unit();
  unit.batch_of = nullptr;
  unit.items.assign(1, &item);
  parts_.in_flight.lanes().begin(item);
  if (item.next_target == 0) item.verdict = Verdict::none;
  submit(unit);
}

bool PoolDispatcher::has_room() const noexcept { return units_out_ < kUnitsForEachWorker * parts_.executor->workers(); }

WorkUnit& PoolDispatcher::free_unit() {
  if (free_units_.empty()) {
    auto& made = units_.emplace_back(std::make_unique<WorkUnit>());
    made->runner = &parts_.runner;
    made->clock = parts_.setup.clock;
    made->returned = [this](WorkUnit& unit) { parts_.inbox->post([this, &unit] { unit_returned(unit); }); };
    free_units_.push_back(made.get());
  }
  WorkUnit& unit = *free_units_.back();
  free_units_.pop_back();
  return unit;
}

void PoolDispatcher::submit(WorkUnit& unit) {
  unit.open(++serial_);
  if (unit.batch_of == nullptr && unit.items.size() > 1) overdue_.push_back({parts_.setup.now() + kOverdue, &unit, unit.serial});
  ++units_out_;
  parts_.executor->submit(unit);
}

void PoolDispatcher::unit_returned(WorkUnit& unit) {
  --units_out_;
  unit.serial = 0;
  if (unit.batch_of != nullptr) {
    if (const auto awaited = std::exchange(unit.awaited, nullptr)) parts_.runner.conclude(*awaited);
    parts_.outcomes.batch_returned(std::span{unit.items}.first(unit.count));
  } else {
    if (unit.tried > 0) {
      const double cost = static_cast<double>(unit.took.count()) / static_cast<double>(unit.tried);
      item_cost_ns_ = item_cost_ns_ > 0 ? item_cost_ns_ + kSmoothing * (cost - item_cost_ns_) : std::max(cost, 1.0);
    }
    items_returned(std::span{unit.items}.subspan(unit.first, unit.count - unit.first), nullptr);
  }
  free_units_.push_back(&unit);
}

// Each lane goes on once all that are here of it have their outcome, but for one that a worker is still busy with.
void PoolDispatcher::items_returned(std::span<Item* const> items, const Lane* busy) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Lane& lane = parts_.in_flight.lanes().of(*items[i]);
    const bool last_of_lane = i + 1 == items.size() || items[i + 1]->lane != lane.id;
    parts_.outcomes.returned(*items[i]);
    if (last_of_lane && &lane != busy) parts_.in_flight.advance(lane);
  }
}

// What is over has its outcome now, what has not begun returns to its lane; only the message that may still run stays out, and its lane
// waits.
void PoolDispatcher::take_back(WorkUnit& unit) {
  if (unit.closed) return;
  const std::span<Item* const> items{unit.items};
  const std::size_t begun = unit.close();
  if (begun > 0 && unit.batch_of != nullptr) return;  // all of it
  const Lane* const busy = begun == 0 ? nullptr : &parts_.in_flight.lanes().of(*items[begun - 1]);
  std::size_t over = begun == 0 ? 0 : begun - 1;
  // Behind one of its lane that isn't done the worker only passes over it, and is back at once: then they are dealt with together.
  for (std::size_t i = over; i > 0 && items[i - 1]->lane == busy->id; --i) {
    const Verdict verdict = items[i - 1]->verdict;
    if (verdict == Verdict::failed || verdict == Verdict::later) over = i - 1;
  }
  unit.first = over;
  unit.count = begun;
  items_returned(items.first(over), busy);
  for (std::size_t i = begun; i < items.size(); ++i) {
    Item& item = *items[i];
    Lane& lane = parts_.in_flight.lanes().of(item);
    parts_.in_flight.lanes().put_back(item);
    const bool another_lane = &lane != busy && (i == begun || items[i - 1]->lane != lane.id);
    if (another_lane && !DISPYTCH_MUTATE("forget_what_was_taken_back")) parts_.in_flight.advance(lane);
  }
}

bool PoolDispatcher::take_back_overdue() {
  bool taken = false;
  while (!overdue_.empty()) {
    const Overdue& oldest = overdue_.front();
    if (oldest.unit->serial == oldest.serial && !oldest.unit->closed) {
      if (oldest.when > parts_.setup.now()) break;
      take_back(*oldest.unit);
      taken = true;
    }
    overdue_.pop_front();
  }
  return taken;
}

void PoolDispatcher::take_back_all() {
  for (const auto& unit : units_) {
    if (unit->serial != 0) take_back(*unit);
  }
  overdue_.clear();
}

std::optional<nanoseconds> PoolDispatcher::next_take_back() const {
  return overdue_.empty() ? std::nullopt : std::optional{overdue_.front().when};
}

}  // namespace dispytch::listen
