// Messages that may be what ends the process: handled alone, and only once the broker knows that they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/mutate.hpp"
#include "border/consumer_handle.hpp"
#include "inflight/item.hpp"
#include "listen/deadlines.hpp"
#include "listen/in_flight.hpp"
#include "listen/setup.hpp"
#include "policy/delivery_options.hpp"

namespace dispytch::listen {

/// Owns which message is handled alone. A message that was delivered again and again without a known end of those deliveries has its
/// neighbours' fate or they have its own: all that a process had fetched counts as delivered once more when it dies. So each of them is
/// handled while no other handler of the listener runs, and the broker is told before. What never ended after that, several times, is what
/// ends the process. The owner of the listener's state.
class Suspects {
 public:
  /// What it works on; all of it outlives the suspects.
  struct Parts {
    const Setup& setup;
    border::ConsumerHandle& consumer;
    InFlight& in_flight;
    Deadlines& deadlines;
  };
  explicit Suspects(const Parts& parts) : parts_{parts} {}

  /// Says of a message that has just arrived whether it is one.
  static void judge(inflight::Item& item, const policy::DeliveryOptions& delivery) noexcept {
    item.suspect = item.raw->attempt >= delivery.suspect_from || item.unended() > 0;
  }

  /// Whether nothing may begin now: one runs, or one is next and others still run.
  bool block() const noexcept {
    if (DISPYTCH_MUTATE("handle_suspects_together")) return false;
    if (one_runs()) return true;
    const lane::Lane* const next = parts_.in_flight.lanes().first_ready();
    return next != nullptr && next->first->suspect && parts_.in_flight.lanes().running() > 0;
  }

  enum class Begin : std::uint8_t {
    runs,    ///< its handler is to be called now
    waits,   ///< the broker could not be told; it waits in its lane, and is due later
    failed,  ///< it has its verdict: it has ended the process often enough
  };
  /// Begins one, the first of a lane that is running, while nothing else runs. Waits for the broker, for kPatience at most.
  Begin begin(inflight::Item& item);
  /// Its handler has ended, though it is not settled: the broker is told that, without waiting.
  void ended(inflight::Item& item);

  static constexpr std::chrono::seconds kPatience{5};
  static constexpr std::chrono::seconds kAgain{1};

 private:
  bool one_runs() const noexcept {
    return running_ != nullptr && running_->serial == serial_ &&
           (running_->state == inflight::Item::State::running || running_->state == inflight::Item::State::awaiting);
  }
  Begin wait(inflight::Item& item, const std::string& why);

  Parts parts_;
  const inflight::Item* running_ = nullptr;  // the last one that was begun; its memory is kept until the listener ends
  std::uint64_t serial_ = 0;                 // of that message then
};

}  // namespace dispytch::listen
