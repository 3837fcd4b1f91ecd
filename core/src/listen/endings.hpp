// How messages end that no attempt can help: dead letters, held messages, skips, a listener that stops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include <dispytch/result.hpp>

#include "border/consumer_handle.hpp"
#include "listen/counters.hpp"
#include "listen/dead_letters.hpp"
#include "listen/deadlines.hpp"
#include "listen/decide.hpp"
#include "listen/failure.hpp"
#include "listen/halt.hpp"
#include "listen/in_flight.hpp"
#include "listen/inbox.hpp"
#include "listen/setup.hpp"

namespace dispytch::listen {

/// Owns the dead letters under way, and which messages are held. The owner of the listener's state.
class Endings {
 public:
  /// What it works on; all of it outlives the endings.
  struct Parts {
    const Setup& setup;
    border::ConsumerHandle& consumer;
    InFlight& in_flight;
    Deadlines& deadlines;
    Halt& halt;
    Counters& counters;
    std::shared_ptr<Inbox> inbox;
    std::unique_ptr<DeadLetters> dead_letters;     ///< null: there are none
    std::function<void(const Failure&)> on_ended;  ///< told of each message that is stopped for, held or dead-lettered; may be empty
  };
  explicit Endings(Parts parts) : parts_{std::move(parts)} {}

  /// Ends a message whose failure was decided on: dead_letter, hold, drop or stop. Its lane is running.
  void end(inflight::Item& item, Decision::Kind how);
  /// Sends the message's dead letter, for the first time or once more. The message is settled when that is confirmed.
  void dead_letter(inflight::Item& item);
  /// Settles a message that waits or is held, counts it as skipped and logs it with `who`. ErrorCode::not_found: no such message is the
  /// first of a lane. ErrorCode::invalid: it is being handled.
  Result<void> skip(std::string_view topic, std::int32_t partition, std::int64_t offset, std::string_view who);
  /// The same of one that is named by its id.
  Result<void> skip(std::string_view topic, std::string_view id, std::string_view who);

 private:
  template <class Is>
  Result<void> skip_the_one(const std::string& name, std::string_view who, Is is);
  void drop(inflight::Item& item);
  void hold(inflight::Item& item);
  void stop_for(inflight::Item& item);
  void resolved(inflight::Item& item, std::uint64_t serial, const Result<Receipt>& result);
  void not_stored(inflight::Item& item, const Error& error);
  void try_dead_letter_again(inflight::Item& item);
  DeadLetterInfo info_of(const inflight::Item& item) const;
  Failure describe(const inflight::Item& item) const;

  Parts parts_;
};

}  // namespace dispytch::listen
