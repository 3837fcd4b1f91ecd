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

#include "base/mutate.hpp"
#include "inflight/item.hpp"
#include "policy/delivery_options.hpp"

namespace dispytch::lane {

using inflight::Item;
using inflight::LaneId;

/// A topic's partition, whichever generation of it is read: a message that is delivered again waits behind its original, which may still
/// run though its source was given up.
struct Place {
  std::string topic = {};
  std::int32_t partition = -1;
  LaneId whole{};  ///< the one lane of a place that is in order as a whole
};

/// A queue of messages in the order of arrival. The first is the one that runs, waits or is held; those behind it have not begun, but for
/// the run of messages that a worker was given at once, and those that failed in a batch (Item::deferred).
struct Lane {
  enum class State : std::uint8_t {
    free,       ///< empty
    ready,      ///< its first message may begin
    gathering,  ///< its first messages wait for others of their batch
    running,    ///< a worker has its first messages
    blocked,    ///< its first message waits for time, for an answer, or for a person
  };

  // Written by Lanes alone.
  LaneId id{};
  Place* place = nullptr;
  std::string key = {};
  bool keyed = false;  ///< found by its key, and given to another key once it is empty
  State state = State::free;
  Item* first = nullptr;
  Item* last = nullptr;
  std::size_t size = 0;
  Lane* next_ready = nullptr;

  // Written by BatchBuilder alone, of a lane that is gathering.
  std::size_t gathered = 0;    ///< how many of its first messages are in the batch
  std::size_t copied_out = 0;  ///< how many of its first messages are known to be copied out of what the broker lent

  // Written by listen::Backpressure alone.
  settle::Source* withheld = nullptr;  ///< it has had its share: this source was asked to deliver nothing more
};

/// Owns the lanes of one listener, and the state of the lanes and of the messages in them. Nobody else writes either. Each verb states the
/// states that it takes a message or a lane from. One thread at a time: the owner of the listener's state.
class Lanes {
 public:
  explicit Lanes(Ordering ordering) noexcept : ordering_{ordering} {}

  /// Returns the place of a topic's partition, and makes it when it is seen for the first time.
  Place& place(std::string_view topic, std::int32_t partition) {
    if (last_place_ != nullptr && last_place_->partition == partition && last_place_->topic == topic) return *last_place_;
    return look_up(topic, partition);
  }
  Lane& of(const Item& item) const noexcept { return at(item.lane); }

  // ---- a message ----

  /// Puts a message at the end of its lane: that of its place, or of its place and key. `has_key` false: it has none, and so no order by
  /// key. A lane that was free becomes ready.
  Lane& push(Item& item, Place& place, std::string_view key, bool has_key) {
    Lane& lane = ordering_ == Ordering::partition ? at(place.whole) : lane_by_key(place, key, has_key);
    append(lane, item);
    if (lane.state == Lane::State::free) make_ready(lane);
    return lane;
  }
  /// Gives a queued message of a running lane to a worker.
  void begin(Item& item) noexcept {
    start_running(item);
    item.state = Item::State::running;
    item.attempts_before = item.attempts;
    item.at_hand.store(nullptr, std::memory_order_relaxed);
  }
  /// Notes that the worker of a message is back. What becomes of the message is said next.
  void returned(Item& item) noexcept { stop_running(item); }
  /// Puts a message back that its worker did not begin, or whose next handler's turn it is.
  void put_back(Item& item) noexcept {
    stop_running(item);
    item.state = Item::State::queued;
  }
  /// Blocks the lane until an answer comes: the message still counts as running.
  void await_answer(Item& item) noexcept {
    item.state = Item::State::awaiting;
    of(item).state = Lane::State::blocked;
  }
  /// Blocks the lane until the message is due again.
  void wait(Item& item) noexcept {
    item.state = Item::State::waiting;
    ++waiting_;
    Lane& lane = of(item);
    lane.state = Lane::State::blocked;
#ifdef DISPYTCH_SIMULATOR
    if (DISPYTCH_MUTATE("retry_out_of_order")) put_last(lane, item);
#endif
  }
  /// Blocks the lane until the message's dead letter is confirmed. The message counts as running. From running, or from waiting for
  /// another try at its dead letter.
  void begin_dead_letter(Item& item) noexcept {
    if (item.state == Item::State::waiting) --waiting_;
    start_running(item);
    item.state = Item::State::dead_lettering;
    of(item).state = Lane::State::blocked;
  }
  /// Blocks the lane until a person says what becomes of the message.
  void hold(Item& item) noexcept {
    item.state = Item::State::held;
    ++held_;
    of(item).state = Lane::State::blocked;
  }
  /// Ends the wait of a blocked lane: its message has its answer, or its end. advance() lets the lane go on.
  void resume(Item& item) noexcept {
    of(item).state = Lane::State::running;
    stop_running(item);
  }
  /// Makes a waiting message ready to be tried again.
  void due(Item& item) noexcept {
    --waiting_;
    item.state = Item::State::queued;
    if (Lane& lane = of(item); lane.first == &item) make_ready(lane);
  }
  /// Takes a message out of its lane and of all counts; at once where it is the first.
  void remove(Item& item) noexcept;

  // ---- a lane ----

  /// Returns the lane that has been ready for longest, which is running from now on; nullptr: none is ready.
  Lane* next_ready() noexcept {
    Lane* const lane = ready_first_;
    if (lane == nullptr) return nullptr;
    ready_first_ = lane->next_ready;
    --ready_;
    lane->state = Lane::State::running;
    return lane;
  }
  /// Lets a lane go on whose first messages are back: the next may begin, unless the first waits. An empty lane is free, and may be given
  /// to another key.
  void advance(Lane& lane) {
    if (lane.first == nullptr) {
      free(lane);
    } else if (lane.state == Lane::State::running) {
      make_ready(lane);
    }
  }
  /// Lets a lane go on whose first message was taken out while it waited or had not begun.
  void first_left(Lane& lane) {
    if (lane.state == Lane::State::blocked) lane.state = Lane::State::running;
    advance(lane);
  }
  /// Makes a running lane wait for company for its first messages.
  void gather(Lane& lane) noexcept { lane.state = Lane::State::gathering; }
  /// Ends that wait without a batch: the lane is ready again.
  void stop_gathering(Lane& lane) noexcept { make_ready(lane); }
  /// Ends that wait with a batch, into which the lane's first messages go.
  void start_batch(Lane& lane) noexcept { lane.state = Lane::State::running; }
  /// Puts a lane that next_ready() returned back at the end of those that are ready.
  void put_back(Lane& lane) noexcept { make_ready(lane); }

  /// Returns what next_ready() would, and leaves it there.
  const Lane* first_ready() const noexcept { return ready_first_; }
  bool any_ready() const noexcept { return ready_first_ != nullptr; }
  std::size_t ready() const noexcept { return ready_; }
  /// Messages with a worker, a Completion, an emitter, or a dead letter under way.
  std::size_t running() const noexcept { return running_; }
  std::size_t waiting() const noexcept { return waiting_; }
  std::size_t held() const noexcept { return held_; }

  /// Visits each lane that has a message. The visitor may remove messages.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i]->first != nullptr) visit(*all_[i]);
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

  Lane& at(LaneId id) const noexcept { return *all_[static_cast<std::size_t>(id)]; }
  Place& look_up(std::string_view topic, std::int32_t partition);
  Lane& lane_by_key(Place& place, std::string_view key, bool has_key);
  Lane& make(Place& place);
  Lane& add();
  void free(Lane& lane);
  void give_back(Lane& lane);
  void withdraw(Lane& lane) noexcept;

  void make_ready(Lane& lane) noexcept {
    lane.state = Lane::State::ready;
    lane.next_ready = nullptr;
    (ready_first_ == nullptr ? ready_first_ : ready_last_->next_ready) = &lane;
    ready_last_ = &lane;
    ++ready_;
  }
  static void append(Lane& lane, Item& item) noexcept {
    item.lane = lane.id;
    item.next = nullptr;
    (lane.first == nullptr ? lane.first : lane.last->next) = &item;
    lane.last = &item;
    ++lane.size;
  }
  static void take_out(Lane& lane, Item& item) noexcept {
    Item* before = nullptr;
    for (Item* at = lane.first; at != &item; at = at->next) before = at;
    (before == nullptr ? lane.first : before->next) = item.next;
    if (lane.last == &item) lane.last = before;
    --lane.size;
  }
  void start_running(Item& item) noexcept {
    item.counts_as_running = true;
    ++item.source->running;
    ++running_;
  }
  void stop_running(Item& item) noexcept {
    if (!std::exchange(item.counts_as_running, false)) return;
    --item.source->running;
    --running_;
  }
#ifdef DISPYTCH_SIMULATOR
  static void put_last(Lane& lane, Item& item) noexcept;  // a deliberate mistake: tests/sim/mutants
#endif

  const Ordering ordering_;
  std::map<std::pair<std::string, std::int32_t>, std::unique_ptr<Place>, std::less<>> places_;
  Place* last_place_ = nullptr;
  boost::unordered_flat_map<Key, Lane*, Hash> by_key_;
  std::vector<std::unique_ptr<Lane>> all_;  // by LaneId
  std::vector<Lane*> unused_;               // but those of places
  Lane* ready_first_ = nullptr;
  Lane* ready_last_ = nullptr;
  std::size_t ready_ = 0;
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
  std::size_t held_ = 0;
};

}  // namespace dispytch::lane
