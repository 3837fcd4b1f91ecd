#include "board.hpp"

#include "delay_board.hpp"
#include "events.hpp"

namespace flights {

dispytch::HandlerGroup board() {
  dispytch::HandlerGroup group{{.topic = "flights"}};

  group.on<FlightDeparted>([](const FlightDeparted& flight, DelayBoard& board) { board.count(flight.carrier, flight.delay_minutes); });
  group.on<FlightCancelled>([](const FlightCancelled& flight, DelayBoard& board) { board.cancelled(flight.carrier); });

  return group;
}

}  // namespace flights
