// Puts into words why a message isn't simply done.
#pragma once

#include <exception>

#include "inflight/item.hpp"

namespace dispytch::listen {

/// Leaves the failure in the item. Returns Verdict::failed.
inflight::Verdict fail(inflight::Item& item, inflight::HandlingFailure failure);

/// Returns the failure that a handler's exception says: its type and text, and whether the handler's filter has it.
inflight::HandlingFailure failure_of(const handle::BoundHandler& handler, const std::exception_ptr& thrown);

}  // namespace dispytch::listen
