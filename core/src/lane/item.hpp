// One message inside a listener, from its arrival until it is settled or let go.
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
#include "handle/bind.hpp"
#include "route/router.hpp"
#include "settle/source.hpp"

namespace dispytch::lane {

struct Gather;
struct Lane;

struct Item;

/// What a poll brought, until the last message of it needs it no more.
struct SharedBatch {
  border::Batch batch = {};
  std::size_t users = 0;
  std::uint64_t serial = 0;       ///< of this use of the memory; 0: it is free
  std::vector<Item*> items = {};  ///< made of it; those that point here still need it. Kept where there are workers
};

/// The bytes of a message that waits: a copy, so that it doesn't pin the batch (and a whole response of the broker with it).
struct OwnedMessage {
  dispytch_message raw = {};
  std::string bytes = {};
  std::vector<dispytch_header> headers = {};
  // Of a message that went back to the broker and that this process remembers.
  std::uint32_t deliveries = 0;            ///< as the broker counts them
  std::int32_t resumed_at = -1;            ///< the handler that goes on, whose attempts raw.attempt counts; -1: it isn't such a message
  std::chrono::nanoseconds seen_before{};  ///< how long before its arrival it was seen first
};

/// Why a message isn't simply done. Made where it happens, read by the owner of the listener's state.
struct Trouble {
  enum class Kind : std::uint8_t { failed, undecodable, dead_letter, retry_after, unavailable, postponed, unhandled };
  Kind kind = Kind::failed;
  const handle::BoundHandler* handler = nullptr;  ///< null: none was found yet
  std::string reason = {};
  std::string exception = {};        ///< its type; empty where nothing was thrown
  bool worth_retrying = true;        ///< false: the handler's filter doesn't have the exception
  bool fatal = false;                ///< an emitter is of no more use: no attempt of any message can succeed
  std::chrono::nanoseconds delay{};  ///< retry_after, postponed
  std::chrono::nanoseconds since{};  ///< Item::deferred: when it was known
};

/// What a worker made of a message.
enum class Verdict : std::uint8_t {
  none,       ///< it hasn't been tried
  done,       ///< all its handlers ended well
  dropped,    ///< a handler said that it is of no use
  unhandled,  ///< no handler wants its type, and that is fine
  later,      ///< its handler returned, and isn't done: its Completion or its emits are to come
  trouble,
};

struct Item {
  enum class State : std::uint8_t {
    queued,    ///< in its lane, not begun
    running,   ///< a worker has it
    awaiting,  ///< its Completion or its emits are to come
    waiting,   ///< for its next attempt
    burying,   ///< its dead letter is on the way, or waits for another try
    held,      ///< for a person
  };

  const dispytch_message* raw = nullptr;
  SharedBatch* batch = nullptr;  ///< where raw lies; null once it is owned
  settle::Source* source = nullptr;
  Lane* lane = nullptr;
  const route::TopicRoutes* routes = nullptr;
  Item* next = nullptr;                ///< in its lane, by arrival
  std::uint64_t ordinal = 0;           ///< in its source's window
  std::uint64_t serial = 0;            ///< of this use of the memory: late news of an earlier one is told from it
  std::size_t bytes = 0;               ///< of key and payload
  std::chrono::nanoseconds arrived{};  ///< monotonic
  std::uint32_t attempts = 0;          ///< of the handler at hand, that failed
  std::uint32_t attempts_before = 0;   ///< what `attempts` was when it began to run: for others than the thread that runs it
  std::uint32_t outages = 0;           ///< times in a row that something its handler needs was away
  std::uint16_t next_target = 0;       ///< the first of its handlers that hasn't ended well yet
  std::uint16_t targets = 0;           ///< how many handlers it has, once that is known
  State state = State::queued;
  Verdict verdict = Verdict::none;
  bool counts_as_running = false;                 ///< in source->running
  bool deferred = false;                          ///< it failed in a batch, behind others of its lane: its trouble is seen to at its turn
  Gather* gather = nullptr;                       ///< routes->batches: of the handler of batches that it goes to; null: it goes to none
  const handle::BoundHandler* handler = nullptr;  ///< Verdict::later: whose Completion or emits are to come
  std::atomic<const handle::BoundHandler*> at_hand{nullptr};  ///< running: the one that is called, for who looks from another thread
  std::unique_ptr<Trouble> trouble = {};
  std::shared_ptr<OwnedMessage> owned = {};  ///< shared with a handler that finishes later

  /// A handler ended well: the next one has attempts of its own. Whether there is a next one.
  bool go_to_next_handler() noexcept {
    attempts = 0;
    outages = 0;
    return ++next_target < targets;
  }

  /// Copies the message out of its batch, headers too (`api` reads them). The batch's share is the caller's to release. Any thread, but
  /// one at a time for one item. false: its headers couldn't be read, and the copy is without them.
  bool own(const dispytch_consumer_api& api, dispytch_consumer* consumer);
};

/// Items by the chunk; their memory is kept until the pool ends, so that late news may look at a serial. One thread.
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
    item.trouble.reset();
    item.owned.reset();
    item.serial = 0;
    item.attempts = 0;
    item.outages = 0;
    item.next_target = 0;
    item.targets = 0;
    item.handler = nullptr;
    item.state = Item::State::queued;
    item.verdict = Verdict::none;
    item.counts_as_running = false;
    item.batch = nullptr;
    item.next = std::exchange(free_, &item);
  }
  /// From now on late news of what the item did until now is told from later news of it.
  void renew(Item& item) noexcept { item.serial = ++serial_; }

 private:
  void grow();

  static constexpr std::size_t kChunk = 256;
  std::vector<std::unique_ptr<Item[]>> chunks_;
  Item* free_ = nullptr;
  std::uint64_t serial_ = 0;
};

}  // namespace dispytch::lane
