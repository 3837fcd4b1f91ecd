// Tells the broker what is finished.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <dispytch/result.hpp>

#include "border/consumer_handle.hpp"
#include "listen/halt.hpp"
#include "settle/ledger.hpp"

namespace dispytch::listen {

/// The owner of the listener's state.
class Settling {
 public:
  Settling(border::ConsumerHandle& consumer, settle::Ledger& ledger, Halt& halt, std::string log_source)
      : consumer_{&consumer}, ledger_{&ledger}, halt_{&halt}, log_source_{std::move(log_source)} {}

  /// Hands over what was finished since the last call. Never blocks. After a retriable error the same is handed over again with the next
  /// call; any other error ends the listener where a message was to go back to the broker, since nothing else would deliver it.
  Result<void> settle();
  /// The same, with an error in the log. An error that passes is left to the next call.
  void settle_or_log(bool log_what_passes = true);
  /// Waits until all that was handed over is durable at the broker.
  Result<void> sync(std::chrono::milliseconds within);
  /// The same while handlers end: what is done must not hang on them. Does nothing where nothing was handed over since the last time. An
  /// error goes to the log.
  void make_durable(std::chrono::milliseconds within);
  /// Lets the broker go on after an event: an assignment is delivered, a revoked source given to the next. 0: there is nothing to confirm.
  void confirm(std::uint64_t event_token);

 private:
  Error to_error(dispytch_status status, const dispytch_error& error) const;

  border::ConsumerHandle* consumer_;
  settle::Ledger* ledger_;
  Halt* halt_;
  std::string log_source_;
  bool unsynced_ = false;  // something was handed over since the broker was last waited for
};

}  // namespace dispytch::listen
