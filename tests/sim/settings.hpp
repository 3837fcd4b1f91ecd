// What one schedule is about: how the listener is set, what its handlers will do, what goes wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/delivery_options.hpp"
#include "sim/dice.hpp"

namespace dispytch::sim {

/// What the handlers make of one message.
struct Task {
  enum class Kind : std::uint8_t {
    plain,      ///< one handler
    pair,       ///< two handlers
    emitting,   ///< one that emits by its Context
    later,      ///< one that takes a Completion
    poison,     ///< bytes that are no event
    unknown,    ///< an event that no handler wants
    together,   ///< a handler of batches
    spoilt,     ///< bytes that are none of its events, though they say its type
    tombstone,  ///< no payload
  };
  enum class Trouble : std::uint8_t { throws, throws_for_good, retry_after, unavailable, dead_letter, drop };
  Kind kind = Kind::plain;
  Trouble trouble = Trouble::throws;
  unsigned failures = 0;  ///< tries that end in `trouble`, over all processes; kAlways: each
  bool slow = false;      ///< its handler takes longer than the keeper's patience
  unsigned deaths = 0;    ///< so many times its handler ends the process, over all processes; kAlways: each
  static constexpr unsigned kAlways = 1'000'000;
};

struct Settings {
  policy::DeliveryOptions delivery = {};
  bool dead_letters = false;
  bool ack_each = false;
  bool can_pause = false;
  bool requeues = false;     ///< waits beyond delivery.in_place_max are the broker's
  bool counts = false;       ///< the broker counts deliveries
  bool carries = false;      ///< it keeps the attempts of what is given back
  bool remembers = false;    ///< and that a message was about to be handled
  bool cooperative = false;  ///< a rebalance moves one partition; else all are revoked
  unsigned workers = 0;      ///< 0: handlers run on the polling thread
  unsigned members = 1;
  unsigned partitions = 1;
  unsigned keys = 1;
  unsigned messages = 0;  ///< over the whole schedule
  std::uint32_t batch = 1;
  unsigned together_percent = 0;   ///< of the messages
  std::uint32_t together_max = 1;  ///< at a time
  std::chrono::milliseconds together_wait{};
  bool together_emits = false;  ///< the handler of batches emits for each message, by the Context of the batch
  std::chrono::milliseconds drain{1'000};
  unsigned trouble_percent = 0;  ///< of the messages
  unsigned fault_percent = 0;    ///< of the steps
  unsigned death_percent = 0;    ///< of the plain messages

  Task draw_task(Dice& dice) const;
};

Settings draw_settings(Dice& dice);
std::string to_string(const Settings& settings);

}  // namespace dispytch::sim
