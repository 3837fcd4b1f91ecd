// What an operator asks of the file from outside of any consumer: the extensions "dispytch.admin/1", "dispytch.groups/1",
// "dispytch.backlog/1" and "dispytch.declare/1".
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"

namespace dispytch::sqlite {

// As the members of a backend that plugin/backend.hpp and plugin/extensions.hpp want. Any thread. Each opens the file for itself, and waits
// for others who write for `busy_timeout` at most. Throw plugin::Exception (DISPYTCH_EINVAL, DISPYTCH_ENOTFOUND, DISPYTCH_EUNAVAILABLE).
std::vector<plugin::Range> ranges(Broker& broker, std::string_view topic, std::string_view group);
/// Looks at every source before it deletes anything, and deletes in steps, so that others can write between them.
void delete_up_to(Broker& broker, std::span<const plugin::Source> sources);

std::vector<plugin::Group> list_groups(Broker& broker);
std::vector<plugin::GroupMember> members_of(Broker& broker, std::string_view group);
std::vector<plugin::GroupPosition> positions_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic);
// Both: members that were killed, and that nobody else has seen silent, are watched for their session's time first, at most for `timeout`.
/// Finds every place before it moves anything.
std::vector<plugin::GroupPosition> move_group(Broker& broker, std::string_view group, std::span<const plugin::GroupMove> moves,
                                              bool dry_run, std::chrono::milliseconds timeout);
void forget_group(Broker& broker, std::string_view group, std::chrono::milliseconds timeout);
std::vector<plugin::Backlog> backlog_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic);
std::vector<plugin::Finding> declare(Broker& broker, const plugin::Config& document, bool make);

}  // namespace dispytch::sqlite
