// Lanes: which messages wait for which. Messages of one lane are handled strictly one after another, lanes side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "lane/item.hpp"
#include "listen/options.hpp"

namespace dispytch::lane {

struct Place;

/// A queue of messages in the order of arrival. The first is the one that runs, waits or is held; those behind it have not begun, but for
/// the run of messages that a worker was given at once, and those that failed in a batch (Item::deferred).
struct Lane {
  enum class State : std::uint8_t {
    free,     ///< empty
    ready,    ///< its first message may begin
    gathers,  ///< its first messages wait for others of their batch
    running,  ///< a worker has its first messages
    blocked,  ///< its first message waits for time, for an answer, or for a person
  };
  Place* place = nullptr;
  std::string key = {};
  bool keyed = false;  ///< found by its key, and given back when it is empty
  State state = State::free;
  settle::Source* withheld = nullptr;  ///< it has had its share: this source was asked to deliver nothing more
  Item* first = nullptr;
  Item* last = nullptr;
  std::size_t size = 0;
  Lane* next_ready = nullptr;
  std::size_t gathered = 0;  ///< gathers: how many of its first messages are in the batch
  std::size_t parked = 0;    ///< gathers: how many of its first messages are known to be parked

  void push(Item& item) noexcept {
    item.lane = this;
    item.next = nullptr;
    (first == nullptr ? first : last->next) = &item;
    last = &item;
    ++size;
  }
  /// Takes a message out; at once where it is the first.
  void remove(Item& item) noexcept {
    Item* before = nullptr;
    for (Item* at = first; at != &item; at = at->next) before = at;
    (before == nullptr ? first : before->next) = item.next;
    if (last == &item) last = before;
    --size;
  }
};

/// A topic's partition, whichever generation of it is read: a message that is delivered again waits behind its original, which may still
/// run though its source was given up.
struct Place {
  std::string topic = {};
  std::int32_t partition = -1;
  Lane whole = {};  ///< its one lane, where all of it is in order
};

/// The lanes of one listener. The owner of the listener's state.
class Lanes {
 public:
  explicit Lanes(Ordering ordering) noexcept : ordering_{ordering} {}

  Place& place(std::string_view topic, std::int32_t partition) {
    if (last_place_ != nullptr && last_place_->partition == partition && last_place_->topic == topic) return *last_place_;
    return look_up(topic, partition);
  }

  /// The lane of a message of that place. `has_key` false: it has none, and so no order by key.
  Lane& lane_of(Place& place, std::string_view key, bool has_key) {
    return ordering_ == Ordering::partition ? place.whole : lane_by_key(place, key, has_key);
  }
  /// After remove(): an empty lane may be given to another key.
  void tidy(Lane& lane) {
    if (lane.first == nullptr && &lane != &lane.place->whole) give_back(lane);
  }

  void make_ready(Lane& lane) noexcept {
    lane.state = Lane::State::ready;
    lane.next_ready = nullptr;
    (ready_first_ == nullptr ? ready_first_ : ready_last_->next_ready) = &lane;
    ready_last_ = &lane;
    ++ready_;
  }
  /// The lane that has waited longest; nullptr: none is ready.
  Lane* take_ready() noexcept {
    Lane* const lane = ready_first_;
    if (lane == nullptr) return nullptr;
    ready_first_ = lane->next_ready;
    --ready_;
    return lane;
  }
  bool any_ready() const noexcept { return ready_first_ != nullptr; }
  std::size_t ready() const noexcept { return ready_; }
  /// Takes a lane out of those that are ready, wherever it stands.
  void withdraw(Lane& lane) noexcept;

  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [where, place] : places_) {
      if (place->whole.first != nullptr) visit(place->whole);
    }
    for (const auto& lane : all_) {
      if (lane->first != nullptr) visit(*lane);
    }
  }

 private:
  struct Key {
    const Place* place;
    std::string_view key;  // the lane's own
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  Place& look_up(std::string_view topic, std::int32_t partition);
  Lane& lane_by_key(Place& place, std::string_view key, bool has_key);
  Lane& make(Place& place);
  void give_back(Lane& lane);

  const Ordering ordering_;
  std::map<std::pair<std::string, std::int32_t>, std::unique_ptr<Place>, std::less<>> places_;
  Place* last_place_ = nullptr;
  boost::unordered_flat_map<Key, Lane*, Hash> by_key_;
  std::vector<std::unique_ptr<Lane>> all_;  // but those of places
  std::vector<Lane*> unused_;
  Lane* ready_first_ = nullptr;
  Lane* ready_last_ = nullptr;
  std::size_t ready_ = 0;
};

}  // namespace dispytch::lane
