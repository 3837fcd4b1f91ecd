// The simulated broker behind the real plugin border.
#pragma once

#include <cstdint>
#include <memory>

#include "border/adapter.hpp"
#include "sim/broker.hpp"

namespace dispytch::sim {

/// A backend whose producers and consumers are that seat's. Both must outlive it. `clock`: what the host offers.
std::shared_ptr<border::Adapter> open_backend(Broker& broker, Seat& seat, const Clock& clock, std::uint64_t capabilities);

}  // namespace dispytch::sim
