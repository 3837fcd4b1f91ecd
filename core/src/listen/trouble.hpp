// Puts into words why a message isn't simply done.
#pragma once

#include <exception>

#include "lane/item.hpp"

namespace dispytch::listen {

/// Leaves it in the item. Returns Verdict::trouble.
lane::Verdict put(lane::Item& item, lane::Trouble trouble);

/// What a handler's exception says: its type and text, and whether the handler's filter has it.
lane::Trouble trouble_of(const handle::BoundHandler& handler, const std::exception_ptr& thrown);

}  // namespace dispytch::listen
