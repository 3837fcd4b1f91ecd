// What the broker tells of the group: sources gained, about to go, gone; the broker out of reach, and back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "border/consumer_handle.hpp"
#include "listen/counters.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/revocations.hpp"
#include "listen/settling.hpp"
#include "listen/setup.hpp"

namespace dispytch::listen {

/// Owns which sources are read. The owner of the listener's state.
class Membership {
 public:
  /// What it works on; all of it outlives the membership.
  struct Parts {
    const Setup& setup;
    const Halt& halt;
    InFlight& in_flight;
    Revocations& revocations;
    Settling& settling;
    Counters& counters;
  };
  /// `announces_sources`: the backend tells of each source before it delivers anything of it.
  Membership(bool announces_sources, const Parts& parts);

  /// Returns the source of a message that has arrived; nullptr: it is not read any more.
  settle::Source* source(std::uint32_t id) {
    settle::Source* const source = parts_.in_flight.ledger().find(id);
    if (source == nullptr) return announces_sources_ ? nullptr : &parts_.in_flight.ledger().add(id);
    return source->revoked.load(std::memory_order_relaxed) ? nullptr : source;
  }
  /// Takes an event of the group. The broker goes on once it is confirmed, a revocation when Revocations is done with it.
  void handle(const border::Batch& event);
  /// Notes that a poll that began at `since`, monotonic, brought nothing. The listener is idle where it knows its part of the group, be it
  /// nothing, and no message goes on without a person.
  void note_idle(std::chrono::nanoseconds since);
  /// Notes that something came, or that a poll failed.
  void note_busy() noexcept { parts_.counters.idle_since_ns.store(0, std::memory_order_relaxed); }

 private:
  void assigned(const border::Batch& event);
  void revoking(const border::Batch& event);
  void lost(const border::Batch& event);
  void set_down(bool down, const border::Batch& event);
  std::vector<settle::Source*> sources_of(const border::Batch& event);
  void count_out(const std::vector<settle::Source*>& sources) noexcept;

  Parts parts_;
  bool announces_sources_;
  bool knows_its_part_ = false;  // an assignment came, and was not all taken since
};

}  // namespace dispytch::listen
