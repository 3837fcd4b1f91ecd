// From lanes to workers and back: which messages go together, and what is taken back that a worker never came to.
#include <algorithm>
#include <span>

#include "base/mutate.hpp"
#include "lane/gather.hpp"
#include "listen/engine.hpp"

namespace dispytch::listen {
namespace {

using lane::Item;
using lane::Lane;
using std::chrono::nanoseconds;

// What a worker takes at once should be over in this time: ten hand-overs' worth of sleep and wake even for handlers of 2 ms, and soon
// enough for what is done to be settled.
constexpr double kParcelNs = 20e6;
constexpr double kMostOfAParcel = 256;
// Then its other lanes go to others.
constexpr nanoseconds kOverdue{100'000'000};
// A worker that is done finds the next parcel ready, and needn't wait until the owner has heard of it.
constexpr std::size_t kParcelsForEachWorker = 2;
constexpr double kSmoothing = 0.2;  // of a new measurement of what a message costs

}  // namespace

// Each worker gets a share of what is ready: much while there is much (few hand-overs), one lane at a time towards the end (so that all
// end together: guided self-scheduling, Polychronopoulos and Kuck 1987), and never more than takes kParcelNs.
void Engine::dispatch_to_workers() {
  const std::size_t workers = options_.executor->workers();
  if (!gathers_.empty()) gather_ready();
  while (room_for_parcels() && !ends()) {
    lane::Gather* const due = gathers_.empty() ? nullptr : due_gather();
    if (due != nullptr) {
      Parcel& parcel = free_parcel();
      parcel.batch_of = due->handler;
      take_gathered(*due, parcel.items);
      submit(parcel);
      if (!room_for_parcels()) return;
    }
    if (!lanes_.any_ready()) {
      if (due == nullptr) return;
      continue;
    }
    const double affordable = item_cost_ns_ > 0 ? std::clamp(kParcelNs / item_cost_ns_, 1.0, kMostOfAParcel) : 1;
    const std::size_t share_of_lanes = std::max<std::size_t>(1, lanes_.ready() / (2 * workers));
    const auto share_of_items = static_cast<std::size_t>(affordable);
    const std::size_t run = std::max<std::size_t>(1, share_of_items / share_of_lanes);  // of one lane
    Parcel& parcel = free_parcel();
    parcel.batch_of = nullptr;
    std::vector<Item*>& items = parcel.items;
    items.clear();
    for (std::size_t lanes = 0; lanes < share_of_lanes && items.size() < share_of_items; ++lanes) {
      Lane* const lane = lanes_.take_ready();
      if (lane == nullptr) break;
      lane->state = Lane::State::running;
      std::size_t taken = 0;
      for (Item* item = lane->first; item != nullptr && taken < run; item = item->next, ++taken) {
        if (taken > 0 && item->routes->batches && item->gather != nullptr) break;  // its turn is another
        start_running(*item);
        item->state = Item::State::running;
        item->verdict = item->next_target > 0 ? item->verdict : lane::Verdict::none;
        items.push_back(item);
      }
    }
    submit(parcel);
  }
}

bool Engine::room_for_parcels() const noexcept { return parcels_out_ < kParcelsForEachWorker * options_.executor->workers(); }

Parcel& Engine::free_parcel() {
  if (free_parcels_.empty()) {
    auto& made = parcels_.emplace_back(std::make_unique<Parcel>());
    made->runner = &runner_;
    made->clock = options_.clock;
    made->returned = [this](Parcel& parcel) { inbox_->post([this, &parcel] { parcel_returned(parcel); }); };
    free_parcels_.push_back(made.get());
  }
  Parcel& parcel = *free_parcels_.back();
  free_parcels_.pop_back();
  return parcel;
}

void Engine::submit(Parcel& parcel) {
  parcel.open(++parcel_serial_);
  if (parcel.batch_of == nullptr && parcel.items.size() > 1) overdue_.push_back({now() + kOverdue, &parcel, parcel.serial});
  ++parcels_out_;
  options_.executor->submit(parcel);
}

void Engine::parcel_returned(Parcel& parcel) {
  --parcels_out_;
  parcel.serial = 0;
  if (parcel.batch_of != nullptr) {
    gathered_returned(std::span{parcel.items}.first(parcel.count));
  } else {
    if (parcel.tried > 0) {
      const double cost = static_cast<double>(parcel.took.count()) / static_cast<double>(parcel.tried);
      item_cost_ns_ = item_cost_ns_ > 0 ? item_cost_ns_ + kSmoothing * (cost - item_cost_ns_) : std::max(cost, 1.0);
    }
    judge_all(std::span{parcel.items}.subspan(parcel.first, parcel.count - parcel.first), nullptr);
  }
  free_parcels_.push_back(&parcel);
}

// Each lane goes on once all that are here of it are judged, but for one that a worker is still busy with.
void Engine::judge_all(std::span<Item* const> items, const Lane* busy) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Lane& lane = *items[i]->lane;
    const bool last_of_lane = i + 1 == items.size() || items[i + 1]->lane != &lane;
    judge(*items[i]);
    if (last_of_lane && &lane != busy) advance(lane);
  }
}

// What is over is judged now, what has not begun returns to its lane; only the message that may still run stays out, and its lane waits.
void Engine::take_back(Parcel& parcel) {
  if (parcel.closed) return;
  const std::span<Item* const> items{parcel.items};
  const std::size_t begun = parcel.close();
  if (begun > 0 && parcel.batch_of != nullptr) return;  // all of it
  const Lane* const busy = begun == 0 ? nullptr : items[begun - 1]->lane;
  std::size_t over = begun == 0 ? 0 : begun - 1;
  // Behind one of its lane that isn't done the worker only passes over it, and is back at once: then they are judged together.
  for (std::size_t i = over; i > 0 && items[i - 1]->lane == busy; --i) {
    const lane::Verdict verdict = items[i - 1]->verdict;
    if (verdict == lane::Verdict::trouble || verdict == lane::Verdict::later) over = i - 1;
  }
  parcel.first = over;
  parcel.count = begun;
  judge_all(items.first(over), busy);
  for (std::size_t i = begun; i < items.size(); ++i) {
    Item& item = *items[i];
    stop_running(item);
    item.state = Item::State::queued;
    const bool another_lane = item.lane != busy && (i == begun || items[i - 1]->lane != item.lane);
    if (another_lane && !DISPYTCH_MUTATE("forget_what_was_taken_back")) advance(*item.lane);
  }
}

bool Engine::take_back_overdue(nanoseconds at) {
  bool taken = false;
  while (!overdue_.empty()) {
    const Overdue& oldest = overdue_.front();
    if (oldest.parcel->serial == oldest.serial && !oldest.parcel->closed) {
      if (oldest.when > at) break;
      take_back(*oldest.parcel);
      taken = true;
    }
    overdue_.pop_front();
  }
  return taken;
}

void Engine::take_back_all() {
  for (const auto& parcel : parcels_) {
    if (parcel->serial != 0) take_back(*parcel);
  }
  overdue_.clear();
}

}  // namespace dispytch::listen
