// What is due when for the messages in hand.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "inflight/item.hpp"
#include "listen/timers.hpp"

namespace dispytch::listen {

/// An entry outlives its cause: it is passed over when the message's attempt is another by then. The owner of the listener's state.
class Deadlines {
 public:
  enum class Kind : std::uint8_t { next_attempt, next_dead_letter, handler_timeout };
  struct Due {
    std::chrono::nanoseconds when;
    inflight::Item* item;
    std::uint64_t serial;
    Kind kind;
    bool is_alive() const noexcept { return item->serial == serial; }
  };

  /// `unfinished`: how many messages are in hand, which bounds the memory.
  void set(Kind kind, inflight::Item& item, std::chrono::nanoseconds when, std::size_t unfinished) {
    Timers<Due>& timers = kind == Kind::handler_timeout ? timeouts_ : attempts_;
    timers.push({when, &item, item.serial, kind});
    timers.prune(unfinished, [](const Due& due) { return due.is_alive(); });
  }
  /// Returns what is due at `now`, time-outs first; nullopt: nothing.
  std::optional<Due> take_due(std::chrono::nanoseconds now) {
    if (auto due = timeouts_.take_due(now)) return due;
    return attempts_.take_due(now);
  }

  std::optional<std::chrono::nanoseconds> next() const noexcept { return earlier(attempts_.next(), timeouts_.next()); }
  /// The same without the time-outs of handlers.
  std::optional<std::chrono::nanoseconds> next_attempt() const noexcept { return attempts_.next(); }

  /// Returns the earlier of two times, either of which may be none.
  static std::optional<std::chrono::nanoseconds> earlier(std::optional<std::chrono::nanoseconds> one,
                                                         std::optional<std::chrono::nanoseconds> other) noexcept {
    return one && other ? std::min(*one, *other) : one ? one : other;
  }

 private:
  Timers<Due> attempts_;  // of messages, and of their dead letters
  Timers<Due> timeouts_;  // of handlers that finish later
};

}  // namespace dispytch::listen
