#include "lane/lanes.hpp"

#include <cstdint>
#include <functional>

namespace dispytch::lane {

std::size_t Lanes::Hash::operator()(const Key& key) const noexcept {
  return std::hash<std::string_view>{}(key.key) ^ (std::hash<const void*>{}(key.place) * 0x9e3779b97f4a7c15u);
}

Place& Lanes::look_up(std::string_view topic, std::int32_t partition) {
  auto& place = places_[{std::string{topic}, partition}];
  if (!place) {
    Lane& whole = add();
    place = std::make_unique<Place>(Place{.topic = std::string{topic}, .partition = partition, .whole = whole.id});
    whole.place = place.get();
  }
  last_place_ = place.get();
  return *place;
}

Lane& Lanes::add() {
  Lane& lane = *all_.emplace_back(std::make_unique<Lane>());
  lane.id = static_cast<LaneId>(all_.size() - 1);
  return lane;
}

Lane& Lanes::make(Place& place) {
  if (unused_.empty()) unused_.push_back(&add());
  Lane& lane = *unused_.back();
  unused_.pop_back();
  lane.place = &place;
  lane.state = Lane::State::free;
  return lane;
}

Lane& Lanes::lane_by_key(Place& place, std::string_view key, bool has_key) {
  if (ordering_ == Ordering::none || !has_key) {
    Lane& lane = make(place);
    lane.keyed = false;
    return lane;
  }
  const auto found = by_key_.find(Key{&place, key});
  if (found != by_key_.end() && !DISPYTCH_MUTATE("lane_for_each_message")) return *found->second;
  Lane& lane = make(place);
  lane.key.assign(key);
  lane.keyed = true;
  by_key_.insert_or_assign(Key{&place, lane.key}, &lane);
  return lane;
}

void Lanes::remove(Item& item) noexcept {
  stop_running(item);
  if (item.state == Item::State::held) --held_;
  if (item.state == Item::State::waiting) --waiting_;
  take_out(of(item), item);
}

void Lanes::free(Lane& lane) {
  if (lane.state == Lane::State::ready) withdraw(lane);
  lane.state = Lane::State::free;
  if (lane.id != lane.place->whole) give_back(lane);
}

void Lanes::give_back(Lane& lane) {
  if (lane.keyed) {
    const auto found = by_key_.find(Key{lane.place, lane.key});
    if (found != by_key_.end() && found->second == &lane) by_key_.erase(found);
  }
  unused_.push_back(&lane);
}

// Takes a lane out of those that are ready, wherever it stands.
void Lanes::withdraw(Lane& lane) noexcept {
  Lane* before = nullptr;
  for (Lane* at = ready_first_; at != nullptr; before = at, at = at->next_ready) {
    if (at != &lane) continue;
    (before == nullptr ? ready_first_ : before->next_ready) = lane.next_ready;
    if (ready_last_ == &lane) ready_last_ = before;
    --ready_;
    return;
  }
}

}  // namespace dispytch::lane
