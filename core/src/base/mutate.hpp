// Deliberate mistakes of the delivery engine, which the simulator must find. Constant false in every other build.
#pragma once

#ifdef DISPYTCH_SIMULATOR
#include <string_view>
namespace dispytch::sim {
/// Whether the mistake of that name is to be made in this run.
bool mutated(std::string_view name) noexcept;
}  // namespace dispytch::sim
#define DISPYTCH_MUTATE(name) (::dispytch::sim::mutated(name))
#else
#define DISPYTCH_MUTATE(name) false
#endif
