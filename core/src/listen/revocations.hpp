// Sources that are given up: by a rebalance, by a loss, at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "border/consumer_handle.hpp"
#include "lane/lanes.hpp"
#include "listen/batching.hpp"
#include "listen/dispatcher.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/settling.hpp"
#include "listen/setup.hpp"

namespace dispytch::listen {

/// Owns the revocations under way, the drain, and their deadlines. A message that has not begun is left to its next owner at once; one that
/// runs is awaited, to a deadline; what finishes later is fenced. The owner of the listener's state.
class Revocations {
 public:
  /// What it works on; all of it outlives the revocations.
  struct Parts {
    const Setup& setup;
    Halt& halt;
    InFlight& in_flight;
    Batching& batching;
    Dispatcher& dispatcher;
    Settling& settling;
  };
  explicit Revocations(const Parts& parts) : parts_{parts} {}

  /// What the broker says of a revocation.
  struct Event {
    std::uint64_t event_token = 0;
    std::chrono::milliseconds deadline{};  ///< the broker waits for so long; 0: it names none
    std::string list = {};                 ///< of the sources, for the log
  };
  /// Begins to give the sources up. The event is confirmed when that is over.
  void begin(std::vector<settle::Source*> sources, Event event);
  /// Gives up sources that somebody else has already: nothing is awaited.
  void lose(const std::vector<settle::Source*>& sources);
  /// Ends the revocations whose handlers are back, or whose time is over.
  void advance();
  /// Returns the next deadline; nullopt: no revocation is under way.
  std::optional<std::chrono::nanoseconds> next_due() const;

  /// Begins the end of the listener: all sources are given up, and handlers are awaited for so long.
  void begin_drain(std::chrono::milliseconds within);
  /// Returns the time that the drain has left, at least 0.
  std::chrono::nanoseconds drain_left() const noexcept;
  /// Returns how long the broker may take at most for what was settled while handlers end.
  std::chrono::milliseconds sync_meanwhile() const noexcept;

 private:
  struct Revocation {
    std::vector<settle::Source*> sources;
    Event event;
    std::chrono::nanoseconds handlers_until;  // monotonic; running handlers are awaited to then
    std::chrono::nanoseconds settled_until;   // monotonic; settling must be over
  };
  void end(Revocation& revocation);
  void revoke(const std::vector<settle::Source*>& sources);
  void revoke(lane::Lane& lane, const std::vector<settle::Source*>& sources);

  Parts parts_;
  std::deque<Revocation> under_way_;
  std::chrono::nanoseconds drain_until_{};
};

}  // namespace dispytch::listen
