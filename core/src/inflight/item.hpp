// One message inside a listener, from its arrival until it is settled or left to its next owner.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <dispytch/outcome.hpp>

#include "border/consumer_handle.hpp"
#include "inflight/handling_failure.hpp"
#include "route/router.hpp"
#include "settle/source.hpp"

namespace dispytch::inflight {

struct Item;

/// Names a lane of the listener. A message knows its lane by this alone.
enum class LaneId : std::uint32_t {};

/// What one poll brought, until its last user is done with it. listen::BatchStore owns and writes it.
struct SharedBatch {
  border::Batch batch = {};
  std::size_t users = 0;          ///< the messages that point into it, and who takes it in
  std::uint64_t serial = 0;       ///< of this use of the memory; 0: it is free
  std::vector<Item*> items = {};  ///< made of it, where they are tracked; those that point here still need it
};

/// The bytes of a message that waits: a copy, so that the message does not pin its batch, and a whole response of the broker with it.
struct OwnedMessage {
  dispytch_message raw = {};
  std::string bytes = {};
  std::vector<dispytch_header> headers = {};
  // Of a message that went back to the broker and that this process remembers.
  std::int32_t resumed_at = -1;            ///< the handler that goes on, whose attempts Item::carried counts; -1: it is no such message
  std::chrono::nanoseconds seen_before{};  ///< how long before its arrival it was seen first
};

/// What calling the handlers of a message came to.
enum class Verdict : std::uint8_t {
  none,       ///< no handler was called
  done,       ///< all its handlers ended well
  dropped,    ///< a handler said that the message is of no use
  unhandled,  ///< no handler wants its type, and that is fine
  later,      ///< its handler returned, but its Completion or the confirmation of its emits is outstanding
  failed,     ///< Item::failure says why
};

/// A message in hand. Its fields are grouped by who writes them.
struct Item {
  enum class State : std::uint8_t {
    queued,          ///< in its lane, not begun
    running,         ///< a worker has it
    awaiting,        ///< its Completion, or the confirmation of its emits, is outstanding
    waiting,         ///< for its next attempt, or for the next try at its dead letter
    dead_lettering,  ///< its dead letter is under way
    held,            ///< for a person
  };

  // Written once, at its arrival, by listen::MessagesInHand.
  settle::Source* source = nullptr;
  const route::TopicRoutes* routes = nullptr;
  const handle::BoundHandler* batch_handler = nullptr;  ///< the handler of batches that it goes to; null: it is handled by itself
  std::uint64_t ordinal = 0;                            ///< in its source's window
  std::size_t bytes = 0;                                ///< of key and payload
  std::chrono::nanoseconds arrived{};                   ///< monotonic
  std::uint64_t serial = 0;                             ///< by ItemPool: of the attempt at hand; callbacks of an earlier one are told by it

  // Written by listen::BatchStore alone.
  const dispytch_message* raw = nullptr;
  SharedBatch* batch = nullptr;              ///< where raw lies; null once it is owned
  std::shared_ptr<OwnedMessage> owned = {};  ///< shared with a handler that finishes later

  // Written by lane::Lanes alone.
  LaneId lane{};
  Item* next = nullptr;  ///< in its lane, by arrival
  State state = State::queued;
  bool counts_as_running = false;     ///< in source->running
  std::uint32_t attempts_before = 0;  ///< `attempts` at the time when it began to run: for readers while it runs

  // Written by the thread that calls its handlers; before and after by listen::Outcomes.
  std::uint16_t next_target = 0;  ///< the first of its handlers that has not ended well yet
  std::uint16_t targets = 0;      ///< how many handlers it has, once that is known
  Verdict verdict = Verdict::none;
  std::unique_ptr<HandlingFailure> failure = {};
  const handle::BoundHandler* handler = nullptr;              ///< Verdict::later: whose Completion or emits are outstanding
  std::atomic<const handle::BoundHandler*> at_hand{nullptr};  ///< running: the handler that is called, for readers on other threads
  std::uint32_t attempts = 0;                                 ///< of the handler at hand, that failed
  std::uint32_t outages = 0;                                  ///< times in a row that something its handler needs was away
  bool deferred = false;  ///< it failed in a batch behind others of its lane: its failure is dealt with at its turn

  // Written at its arrival, by listen::Arrivals.
  std::uint32_t carried = 0;  ///< attempts that failed before it went back to the broker: of the handler that goes on, or else of each

  // Written by listen::Suspects alone.
  bool suspect = false;  ///< it is handled with no other handler running
  bool noted = false;    ///< the broker knows that it is being handled

  /// Notes that a handler ended well: the next one has attempts of its own. Returns whether there is a next one.
  bool go_to_next_handler() noexcept {
    attempts = 0;
    outages = 0;
    return ++next_target < targets;
  }

  /// Returns how many attempts of the handler at hand have failed, those included that were made before it went back to the broker. An
  /// attempt is a handler that was begun: deliveries tell nothing of that.
  std::uint32_t attempts_made() const noexcept {
    const bool of_another = owned && owned->resumed_at >= 0 && owned->resumed_at != next_target;
    return (of_another ? 0u : carried) + attempts;
  }
  /// Returns the number of the attempt at hand, from 1.
  std::uint32_t attempt_number() const noexcept { return attempts_made() + 1; }
  /// Returns how often the broker was told that it was about to be handled, and heard of no end.
  std::uint32_t unended() const noexcept { return (raw->flags & DISPYTCH_MSG_BEGUN) != 0 ? raw->begun : 0u; }
  /// Returns the monotonic time of its arrival, or of the delivery before it went back to the broker, where that is known.
  std::chrono::nanoseconds first_seen() const noexcept { return arrived - (owned ? owned->seen_before : std::chrono::nanoseconds{0}); }

  /// Copies the message out of its batch, headers too (`api` reads them). The caller releases the batch. Any thread, but one at a time for
  /// one item. Returns false where the headers could not be read: the copy is without them.
  bool own(const dispytch_consumer_api& api, dispytch_consumer* consumer);

  /// Whether its source is about to go, or gone: nothing of it may begin any more. Any thread.
  bool is_revoked() const noexcept { return source->revoked.load(std::memory_order_relaxed); }
};

/// Items by the chunk. Their memory is kept until the pool ends, so that a late callback may look at a serial. One thread.
class ItemPool {
 public:
  Item& take() {
    if (free_ == nullptr) grow();
    Item& item = *free_;
    free_ = std::exchange(item.next, nullptr);
    item.serial = ++serial_;
    return item;
  }
  void put_back(Item& item) noexcept {
    item.failure.reset();
    item.owned.reset();
    item.serial = 0;
    item.attempts = 0;
    item.outages = 0;
    item.next_target = 0;
    item.targets = 0;
    item.handler = nullptr;
    item.batch_handler = nullptr;
    item.state = Item::State::queued;
    item.verdict = Verdict::none;
    item.counts_as_running = false;
    item.deferred = false;
    item.carried = 0;
    item.suspect = false;
    item.noted = false;
    item.batch = nullptr;
    item.next = std::exchange(free_, &item);
  }
  /// Invalidates callbacks that still refer to the item's current attempt.
  void renew(Item& item) noexcept { item.serial = ++serial_; }

 private:
  void grow();

  static constexpr std::size_t kChunk = 256;
  std::vector<std::unique_ptr<Item[]>> chunks_;
  Item* free_ = nullptr;
  std::uint64_t serial_ = 0;
};

}  // namespace dispytch::inflight
