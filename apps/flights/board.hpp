// The handlers that keep a DelayBoard.
#pragma once

#include <dispytch/dispytch.hpp>

namespace flights {

/// Counts each FlightDeparted and FlightCancelled of the topic `flights` on the DelayBoard that the application provides.
/// Delivery is at least once: a flight that is delivered again, after a crash or a rebalance, counts again.
dispytch::HandlerGroup board();

}  // namespace flights
