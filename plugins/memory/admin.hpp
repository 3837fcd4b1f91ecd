// What an operator asks of a memory broker from outside of any group: the extension "dispytch.admin/1".
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"

namespace dispytch::memory {

/// Any thread; takes the broker's mutex. Throws plugin::Exception (DISPYTCH_ENOTFOUND). Creates neither topic nor group.
std::vector<plugin::Range> ranges(Broker& broker, std::string_view topic, std::string_view group);

/// The same. Looks at every source before it deletes anything. Throws plugin::Exception (DISPYTCH_EINVAL, DISPYTCH_ENOTFOUND).
void delete_up_to(Broker& broker, std::span<const plugin::Source> sources);

}  // namespace dispytch::memory
