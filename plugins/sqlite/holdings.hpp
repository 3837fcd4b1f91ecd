// What a consumer holds: the partitions it reads, how far each was delivered, settled and stored, and the events that the host is to learn
// of.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "catalog.hpp"
#include "group.hpp"
#include "tokens.hpp"

namespace dispytch::sqlite {

/// A partition as it comes to a consumer. `position.owner` is nullopt where the consumer belongs to no group.
struct Taken {
  PositionRow position = {};
  std::shared_ptr<const std::string> topic = {};
  std::int32_t number = 0;
  Bounds bounds = {};
};

/// A source that may be read now.
struct Readable {
  std::uint32_t slot = 0, serial = 0, source = 0;
  std::int64_t partition = 0, next = 0;
  std::int32_t number = 0;
  std::shared_ptr<const std::string> topic = {};
};

/// Any thread. take_event, readable and delivered: the polling thread.
class Holdings {
 public:
  using Time = std::chrono::nanoseconds;  // of the host's monotonic clock

  /// `stores` false: positions are nobody's, and nothing is ever to be stored. `tells_of_nothing`: the host understands an assignment
  /// without sources.
  Holdings(bool stores, bool tells_of_nothing) noexcept : stores_{stores}, tells_of_nothing_{tells_of_nothing} {}

  // ---- what the group decides ----
  void assigned(const std::vector<Taken>& all);
  /// They are to go to others; whoever has not given them up by the deadline loses them.
  void revoke(const std::vector<std::int64_t>& partitions, Time now, std::chrono::milliseconds patience);
  void lost(const std::vector<std::int64_t>& partitions, const plugin::Error& why);
  void lost_everything(const plugin::Error& why);
  /// It has joined, be it that there is nothing for it.
  void joined();
  /// Nothing can be read or stored at present; and again.
  void down(const plugin::Error& why);
  void up();

  // ---- what is to be stored ----
  struct Held {
    PositionRow position = {};  ///< with what is settled
    bool dirty = false;         ///< more is settled than stored
    bool leaving = false;       ///< given up by the host, or its time for that is over
  };
  std::vector<Held> held(Time now) const;
  bool has_dirty() const;
  bool has_leaving(Time now) const;
  std::optional<Time> next_deadline() const;
  void stored(const PositionRow& position);
  /// It was given up at the broker as well. LOST is told where the host has not acknowledged that it goes.
  void left(const PositionRow& position);
  /// From here on everything is leaving.
  void leave();
  bool empty() const;
  /// Waits until all that is settled by now is stored, or no longer this consumer's. False: the deadline has come.
  bool wait_until_stored(std::chrono::steady_clock::time_point deadline);

  // ---- the host's side ----
  bool take_event(plugin::BatchOut& out, Time now);
  /// Sources that may be read and have something, as far as their ends are known.
  std::vector<Readable> readable() const;
  /// The messages of [readable.next, next) are about to be delivered. False: the source is no longer what it was, they must not be.
  bool delivered(const Readable& source, std::int64_t next);
  void bounds(std::int64_t partition, Bounds bounds);
  enum class Settled : std::uint8_t { done, stale, released };
  Settled settle_event(std::uint64_t token);
  bool settle_up_to(std::uint64_t token);
  /// False: it is no longer this consumer's.
  bool pause(std::uint32_t source, bool on);
  bool seek(std::uint32_t source, std::int64_t offset);
  std::vector<plugin::Lag> lag() const;

 private:
  enum class State : std::uint8_t { offered, announced, active, recalled, revoking, leaving };
  struct Source {
    Taken taken;
    State state = State::offered;
    bool is_paused = false;
    std::int64_t next = 0;     // to be delivered
    std::int64_t settled = 0;  // everything before is
    std::int64_t stored = 0;
    Time deadline = {};
  };
  struct Slot {
    std::unique_ptr<Source> source;
    std::uint32_t generation = 0, serial = 0;
  };
  struct Event {
    std::uint32_t kind = 0;
    std::vector<std::int64_t> partitions = {};  // ASSIGNED, REVOKING
    std::vector<plugin::Source> lost = {};
    plugin::Error why = {};
  };
  struct Open {
    std::uint64_t token = 0;
    std::uint32_t kind = 0;
    std::vector<std::int64_t> partitions = {};
  };

  std::uint32_t id_of(std::size_t slot) const DISPYTCH_REQUIRES(mutex_) { return DISPYTCH_SOURCE(slot, slots_[slot].generation); }
  std::optional<std::size_t> find(std::int64_t partition) const DISPYTCH_REQUIRES(mutex_);
  Source* by_id(std::uint32_t source) DISPYTCH_REQUIRES(mutex_);
  plugin::Source described(std::size_t slot) const DISPYTCH_REQUIRES(mutex_);
  bool is_leaving(const Source& source, Time now) const DISPYTCH_REQUIRES(mutex_);
  void remove(std::size_t slot) DISPYTCH_REQUIRES(mutex_);
  void lose(const std::vector<std::size_t>& slots, const plugin::Error& why) DISPYTCH_REQUIRES(mutex_);

  const bool stores_, tells_of_nothing_;
  mutable plugin::Mutex mutex_;
  plugin::Condition progress_;
  std::vector<Slot> slots_ DISPYTCH_GUARDED_BY(mutex_);
  std::unordered_map<std::int64_t, std::size_t> by_partition_ DISPYTCH_GUARDED_BY(mutex_);  // the slot
  std::deque<Event> events_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<Open> open_ DISPYTCH_GUARDED_BY(mutex_);  // events that the host has yet to acknowledge
  std::uint64_t last_event_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  bool joined_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool told_of_nothing_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool is_down_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool is_leaving_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::sqlite
