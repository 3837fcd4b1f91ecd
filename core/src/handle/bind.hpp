// Checks, before the first message, that everything handlers and tasks ask for is there.
#pragma once

#include <string>
#include <vector>

#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>

namespace dispytch::handle {

/// A handler with the objects its parameters take.
struct BoundHandler {
  const detail::Handler* handler = nullptr;
  std::vector<void*> provided = {};  ///< by parameter
};

/// Finds the provided object of each parameter (null for other kinds). A sentence into `problems` for each that isn't there; `who` begins
/// it.
std::vector<void*> bind_parameters(std::string_view who, const std::vector<detail::Parameter>& parameters, const Providers& providers,
                                   std::vector<std::string>& problems);

/// The same for a handler, and that its body is no provided type and its segments are in its topic.
BoundHandler bind(const detail::Handler& handler, const Providers& providers, std::vector<std::string>& problems);

}  // namespace dispytch::handle
