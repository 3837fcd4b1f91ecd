// Between the thread that reads and the host that polls: what has arrived, what is in hand, and what happened.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "entry_id.hpp"
#include "layout.hpp"
#include "reply.hpp"
#include "stream.hpp"

namespace dispytch::redis {

/// An entry that the server has given to this consumer.
struct Arrival {
  std::shared_ptr<const redisReply> owner = {};  ///< holds the entry's bytes
  const redisReply* entry = nullptr;             ///< {id, fields}
  EntryId id = {};
  std::uint32_t deliveries = 1;
  std::string_view record = {};  ///< what the group noted of it (scripts.hpp); a view into `owner`
};

/// Every entry that arrives takes a place until the host has settled it, or it is lost: the place's number is in the message's token. Any
/// thread.
class Inbox {
 public:
  using Streams = std::vector<std::unique_ptr<const Stream>>;

  /// A message that the host settles.
  struct Settled {
    const Stream* stream = nullptr;
    EntryId id = {};
  };
  /// A message in hand.
  struct Held {
    EntryId id = {};
    std::uint32_t deliveries = 0;  ///< those that the host saw; one fewer than the server counts where it waits here
  };

  Inbox(const Layout& layout, const Streams& streams, plugin::Notify notify);

  // ---- for the thread that reads ----

  /// Takes what came; leaves out what is in hand already, and what came for nobody since the consumer closes.
  void arrived(const Stream& stream, std::span<const Arrival> arrivals);
  /// How many wait to be polled.
  std::size_t waiting(const Stream& stream) const;
  bool may_read(const Stream& stream) const;  ///< its assignment is acknowledged, and it is not paused
  /// All that is in hand of a stream, by id.
  std::vector<Held> held(const Stream& stream) const;
  bool holds_any() const;
  /// Lets go of messages, and tells the host of those that it has.
  void lose(const Stream& stream, const std::set<EntryId>& ids, const plugin::Error& why);
  void lose_everything(const plugin::Error& why);
  void down(plugin::Error why);
  void up();
  /// Nothing arrives any more.
  void close();

  // ---- for the host ----

  /// As Consumer::poll. Calls `taken` where messages were taken, so that more are fetched.
  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out, const std::function<void()>& taken);
  void wake();
  /// Ends the message of that token; nothing where the token is stale.
  std::optional<Settled> settle(std::uint64_t token);
  /// The message of that token, which stays in hand.
  std::optional<Settled> find(std::uint64_t token) const;
  /// Whether that is the token of an assignment, which is acknowledged now.
  bool acknowledge(std::uint64_t token);
  void pause(std::size_t slot, bool on);

 private:
  enum class State : std::uint8_t { free, waiting, delivered };
  struct Place {
    EntryId id = {};
    std::uint32_t generation = 1;
    std::uint32_t deliveries = 0;
    std::uint32_t slot = 0;
    State state = State::free;
  };
  struct Waiting {
    std::uint32_t place = 0;
    std::shared_ptr<const redisReply> owner = {};
    const redisReply* entry = nullptr;
    std::string_view record = {};
  };
  struct Lane {
    std::deque<Waiting> waiting = {};
    bool paused = false;
  };
  struct Event {
    enum class Kind : std::uint8_t { assigned, lost, down, up };
    Kind kind = Kind::assigned;
    std::vector<std::uint64_t> tokens = {};
    plugin::Error why = {};
  };
  struct Delivery;

  std::uint32_t take_place() DISPYTCH_REQUIRES(mutex_);
  void free_place(std::uint32_t index) DISPYTCH_REQUIRES(mutex_);
  Place* by_token(std::uint64_t token) DISPYTCH_REQUIRES(mutex_);
  std::uint64_t token_of(std::uint32_t index) const DISPYTCH_REQUIRES(mutex_);
  void drop_waiting(Lane& lane) DISPYTCH_REQUIRES(mutex_);
  bool take_event(plugin::BatchOut& out) DISPYTCH_REQUIRES(mutex_);
  bool take_messages(plugin::Limits limits, plugin::BatchOut& out) DISPYTCH_REQUIRES(mutex_);
  bool take_from(std::size_t slot, plugin::Limits& limits, Delivery& delivery) DISPYTCH_REQUIRES(mutex_);
  void fill(const Waiting& waiting, const Place& place, Delivery& delivery) DISPYTCH_REQUIRES(mutex_);
  void signal() DISPYTCH_REQUIRES(mutex_);

  const Layout& layout_;
  const Streams& streams_;
  const plugin::Notify notify_;

  mutable plugin::Mutex mutex_;
  plugin::Condition changed_;
  std::vector<Place> places_ DISPYTCH_GUARDED_BY(mutex_) = {};
  std::vector<std::uint32_t> free_ DISPYTCH_GUARDED_BY(mutex_) = {};
  std::size_t held_ DISPYTCH_GUARDED_BY(mutex_) = 0;
  std::vector<Lane> lanes_ DISPYTCH_GUARDED_BY(mutex_);  // by slot
  std::deque<Event> events_ DISPYTCH_GUARDED_BY(mutex_) = {};
  bool acknowledged_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool woken_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool notified_ DISPYTCH_GUARDED_BY(mutex_) = false;  // since the last poll: one notify is enough
  bool closed_ DISPYTCH_GUARDED_BY(mutex_) = false;
  std::size_t turn_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // streams take turns at being first in a batch
};

}  // namespace dispytch::redis
