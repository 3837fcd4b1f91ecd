// What the handlers of a listener see of each aircraft, in the order in which they see it.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>

#include <dispytch/dispytch.hpp>

#include "events.hpp"
#include "flights/truth.hpp"

namespace flights {

/// Stops after so many events. For the handlers' thread alone.
struct Log {
  std::size_t awaited;
  std::stop_source stop = {};
  Histories histories = {};
  std::size_t seen = 0;

  void note(const std::optional<std::string>& key, const std::string& what) {
    if (key) histories[*key].push_back(what);
    if (++seen == awaited) stop.request_stop();
  }
};

inline dispytch::HandlerGroup log_handlers() {
  dispytch::HandlerGroup group{{.topic = "flights"}};
  group.on<FlightDeparted>([](const dispytch::Event<FlightDeparted>& event, Log& to) {
    to.note(event.key, "departed " + event.body.carrier + ' ' + std::to_string(event.body.flight) + ' ' + event.body.origin);
  });
  group.on<FlightCancelled>([](const dispytch::Event<FlightCancelled>& event, Log& to) {
    to.note(event.key, "cancelled " + event.body.carrier + ' ' + std::to_string(event.body.flight) + ' ' + event.body.origin);
  });
  return group;
}

}  // namespace flights
