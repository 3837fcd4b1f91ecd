// Checks, before the first message, that everything handlers and tasks ask for is there.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>

#include "policy/gate.hpp"
#include "policy/policy.hpp"

namespace dispytch::handle {

/// An object that is made for each call of a handler, and what it is made of.
struct MadeForCall {
  /// An object that lasts, or one that was made for the call before.
  struct Argument {
    void* object = nullptr;
    std::size_t made = 0;  ///< where object is null: its place among those that are made
  };
  const detail::Factory* factory = nullptr;
  std::vector<Argument> arguments = {};
};

/// A handler with the objects its parameters take, and all that is decided about its failures.
struct BoundHandler {
  const detail::Handler* handler = nullptr;
  std::vector<void*> provided = {};                                     ///< by parameter
  std::vector<MadeForCall> made_for_call = {};                          ///< in the order of making
  std::vector<std::pair<std::size_t, std::size_t>> takes_of_call = {};  ///< a parameter, and its object's place among those
  policy::Policy policy = {};
  std::shared_ptr<policy::Gate> gate = {};  ///< null: nothing limits it
  HandlerCall chain = {};                   ///< empty: no middleware

  bool takes_batches() const noexcept { return handler->gathers.has_value(); }
  /// Where it doesn't take batches.
  const detail::MessageHandler& of_messages() const noexcept { return static_cast<const detail::MessageHandler&>(*handler); }
  /// Where it does.
  const detail::BatchHandler& of_batches() const noexcept { return static_cast<const detail::BatchHandler&>(*handler); }
};

/// What the listener adds to what its handlers say.
struct Surroundings {
  HandlingPolicy policy = {};
  bool dead_letters = false;
  std::chrono::milliseconds in_place_max{30'000};
  std::size_t unfinished = 16 * 1024;  ///< messages that may be in hand at a time: no batch can be larger
  bool can_requeue = false;            ///< its backend takes a message back and delivers it later
};

/// Finds the provided object of each parameter of a task (null for other kinds, and for what is not made yet). A sentence into `problems`
/// for each that isn't there; `who` begins it.
std::vector<void*> bind_parameters(std::string_view who, const std::vector<detail::Parameter>& parameters, const Providers& providers,
                                   std::vector<std::string>& problems);

/// The same for a handler, and that its body is no provided type, its segments are in its topic, and its policies and batches are
/// possible.
BoundHandler bind(const detail::Handler& handler, const Providers& providers, std::vector<std::string>& problems,
                  const Surroundings& surroundings = {});

/// Finds the provided objects of a bound handler anew, once those are made that factories make.
void find_provided(BoundHandler& bound, const Providers& providers);

}  // namespace dispytch::handle
