// What is true of each message, whatever the engine believes, and what of that breaks a promise.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/settings.hpp"

namespace dispytch::sim {

struct Seat;

/// One message of a partition's log, and all that has become of it.
struct Record {
  int number = 0;  ///< over all partitions
  unsigned partition = 0;
  std::size_t index = 0;    ///< in its partition's log
  std::int64_t offset = 0;  ///< with gaps
  std::string key = {};     ///< empty: none
  std::string payload = {};
  Task task = {};
  /// What its dead letter must do without to be small enough: 0 nothing, 1 the exception, 2 all that a replay can do without; 3: it never
  /// is.
  unsigned letter_lacks = 0;

  unsigned tries = 0;    ///< of its first handler, that began
  unsigned failed = 0;   ///< that ended in trouble
  unsigned died = 0;     ///< that ended the process
  bool handled = false;  ///< its first handler ended well
  const Seat* handled_by = nullptr;
  std::uint16_t handled_in = 0;  ///< generation of its partition
  bool handled_by_second = false;
  bool emitted = false;         ///< what it emits is stored
  bool buried = false;          ///< its dead letter is stored
  bool may_be_dropped = false;  ///< the policy has said that it may go
  bool skipped = false;
  bool settled = false;  ///< durable at the broker

  // Where messages may go back to the broker.
  unsigned deliveries = 0;                           ///< as the broker counts them, since it was given back with its attempts
  std::optional<std::uint16_t> attempts = {};        ///< said with that
  std::uint16_t said_attempts = 0;                   ///< the same while it isn't durable yet
  std::uint16_t most_begun = 0;                      ///< the most that `begun` ever was
  std::uint16_t begun = 0;                           ///< times that the broker was told that it is about to be handled, and heard of no end
  std::uint64_t out = 0;                             ///< the token of its last delivery; 0: it was given back
  std::uint64_t gives_back = 0;                      ///< the token by which that was said, while it isn't durable yet
  unsigned given_back = 0;                           ///< times
  std::chrono::milliseconds delay{};                 ///< said with it
  std::optional<std::chrono::nanoseconds> due = {};  ///< it waits at the broker until then
  bool may_leave_its_order = false;                  ///< a failure of it may have come to that
};

/// Counts of broken promises, and the first of them in words.
struct Verdict {
  std::uint64_t lost = 0;              ///< settled, or delivered to nobody any more, but not finished
  std::uint64_t order_violations = 0;  ///< began before one that came earlier in its lane was finished, beside one of its lane, or again
  std::uint64_t mark_violations = 0;   ///< the broker was told more than is true, or by somebody who had let go, or too late
  std::uint64_t unbounded = 0;         ///< more in hand than the limits say
  std::uint64_t stuck = 0;             ///< it doesn't end
  std::string first = {};

  bool good() const noexcept { return lost + order_violations + mark_violations + unbounded + stuck == 0; }
  void break_promise(std::uint64_t Verdict::*count, std::string text) {
    ++(this->*count);
    if (first.empty()) first = std::move(text);
  }
};

/// Whether nobody owes the message anything any more.
bool finished(const Record& record, const Settings& settings);
/// The lane it is handled in; nullopt: none, its order is nobody's concern.
bool same_lane(const Record& left, const Record& right, Ordering ordering);
std::string name(const Record& record);
/// What a task's message has in it.
std::string payload_of(int number, Task::Kind kind);

}  // namespace dispytch::sim
