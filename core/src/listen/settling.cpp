#include "listen/settling.hpp"

#include <algorithm>
#include <cstdint>

#include "base/log.hpp"
#include "border/error.hpp"

namespace dispytch::listen {

Result<void> Settling::settle() {
  const auto& settlements = ledger_->collect();
  if (settlements.empty()) return {};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle(settlements, error);
  const bool requeues =
      status < 0 && std::ranges::find(settlements, std::uint32_t{DISPYTCH_REQUEUE}, &dispytch_settlement::action) != settlements.end();
  const bool again = status < 0 && status != DISPYTCH_EFENCED && (error.flags & DISPYTCH_ERROR_RETRIABLE) != 0;
  if (!again) ledger_->handed_over();
  unsynced_ = true;
  if (status == DISPYTCH_EFENCED) {  // somebody else has them by now and handles them again: at least once
    log::warning(log_source_, "messages were handled that the broker has given to another member meanwhile; they will be handled twice");
    return {};
  }
  if (status >= 0) return {};
  // Nothing delivers what was to go back while this consumer has it: the listener ends, and it goes to the next.
  if (requeues && !again) halt_->end_with(to_error(status, error));
  return to_error(status, error);
}

void Settling::settle_or_log(bool log_what_passes) {
  const Result<void> settled = settle();
  if (!settled && (log_what_passes || !settled.error().retriable)) log::error(log_source_, settled.error().text);
}

Result<void> Settling::sync(std::chrono::milliseconds within) { return consumer_->sync(within); }

void Settling::make_durable(std::chrono::milliseconds within) {
  if (!std::exchange(unsynced_, false)) return;
  if (const Result<void> synced = sync(within); !synced) {
    log::warning(log_source_, "while handlers end, the broker doesn't take what was settled: " + synced.error().text);
  }
}

void Settling::confirm(std::uint64_t event_token) {
  if (event_token == 0) return;
  const dispytch_settlement confirmed{event_token, DISPYTCH_ACK, 0};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle({&confirmed, 1}, error);
  if (status < 0 && status != DISPYTCH_EFENCED) log::error(log_source_, to_error(status, error).text);
}

Error Settling::to_error(dispytch_status status, const dispytch_error& error) const {
  return border::to_error(status, error, consumer_->adapter().library().id(), "settling messages");
}

}  // namespace dispytch::listen
