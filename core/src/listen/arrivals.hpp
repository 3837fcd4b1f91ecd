// From the messages of a poll into lanes.
#pragma once

#include <chrono>

#include "inflight/item.hpp"
#include "listen/batching.hpp"
#include "listen/in_flight.hpp"
#include "listen/membership.hpp"
#include "listen/requeued.hpp"
#include "policy/delivery_options.hpp"
#include "route/router.hpp"

namespace dispytch::listen {

/// The owner of the listener's state.
class Arrivals {
 public:
  Arrivals(Membership& membership, InFlight& in_flight, route::Router& router, Requeued& requeued, Batching& batching,
           const policy::DeliveryOptions& delivery) noexcept
      : membership_{&membership},
        in_flight_{&in_flight},
        router_{&router},
        requeued_{&requeued},
        batching_{&batching},
        delivery_{&delivery} {}

  /// Puts a message into its lane. nullptr: it is of a source that was given up; the source's next owner gets it too.
  inflight::Item* take(const dispytch_message& raw, inflight::SharedBatch& batch, std::chrono::nanoseconds at);

 private:
  void recall(inflight::Item& item, const lane::Place& place);

  Membership* membership_;
  InFlight* in_flight_;
  route::Router* router_;
  Requeued* requeued_;
  Batching* batching_;
  const policy::DeliveryOptions* delivery_;
};

}  // namespace dispytch::listen
