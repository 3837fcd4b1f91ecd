// What an operator asks of a memory broker from outside of any group: the extensions "dispytch.admin/1", "dispytch.groups/1",
// "dispytch.backlog/1" and "dispytch.declare/1".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"

namespace dispytch::memory {

/// Any thread; takes the broker's mutex. Throws plugin::Exception (DISPYTCH_ENOTFOUND). Creates neither topic nor group.
std::vector<plugin::Range> ranges(Broker& broker, std::string_view topic, std::string_view group);

/// The same. Looks at every source before it deletes anything. Throws plugin::Exception (DISPYTCH_EINVAL, DISPYTCH_ENOTFOUND).
void delete_up_to(Broker& broker, std::span<const plugin::Source> sources);

// As the members of a backend that plugin/extensions.hpp wants. All: any thread; they take the broker's mutex, and throw
// plugin::Exception (DISPYTCH_EINVAL, DISPYTCH_ENOTFOUND).
std::vector<plugin::Group> list_groups(Broker& broker);
std::vector<plugin::GroupMember> members_of(Broker& broker, std::string_view group);
std::vector<plugin::GroupPosition> positions_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic);
/// Finds every place before it moves anything.
std::vector<plugin::GroupPosition> move_group(Broker& broker, std::string_view group, std::span<const plugin::GroupMove> moves,
                                              bool dry_run);
void forget_group(Broker& broker, std::string_view group);
std::vector<plugin::Backlog> backlog_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic);
std::vector<plugin::Finding> declare(Broker& broker, const plugin::Config& document, bool make);

}  // namespace dispytch::memory
