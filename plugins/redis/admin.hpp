// What an operator asks of the server from outside of any consumer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "entry_id.hpp"
#include "server.hpp"
#include "session.hpp"

namespace dispytch::redis {

/// A stream as it is at the moment.
struct StreamState {
  std::optional<EntryId> first = {};  ///< the oldest entry that is kept
  EntryId last = {};                  ///< the id written last
  /// As offsets: of the oldest entry, and the one that comes next.
  std::int64_t low() const noexcept;
  std::int64_t high() const noexcept;
};

/// Where a group stands in a stream.
struct GroupState {
  std::int64_t unread = -1;  ///< -1: unknown
  std::int64_t pending = 0, given_back = 0;
  EntryId delivered = {};             ///< read last
  std::optional<EntryId> least = {};  ///< of those that are not settled
  std::optional<EntryId> first = {};  ///< the oldest entry that is kept
  EntryId last = {};
  /// Where it goes on: with the first that is not settled, or else with the first that it has not read.
  EntryId position() const noexcept { return least.value_or(delivered.next()); }
};

/// One question, or a few. Throws plugin::Exception. The calling thread's.
class Admin {
 public:
  Admin(const Server& server, std::chrono::milliseconds timeout);

  // The extension "dispytch.admin/1".
  std::vector<plugin::Range> ranges(const std::string& topic, const std::string& group);
  void delete_up_to(std::span<const plugin::Source> sources);

  // "dispytch.groups/1" and "dispytch.backlog/1".
  std::vector<plugin::Group> groups();
  std::vector<plugin::GroupMember> members(const std::string& group);
  std::vector<plugin::GroupPosition> positions(const std::string& group, std::optional<std::string_view> topic);
  std::vector<plugin::GroupPosition> move(const std::string& group, std::span<const plugin::GroupMove> moves, bool dry_run);
  void forget(const std::string& group);
  std::vector<plugin::Backlog> backlog(const std::string& group, std::optional<std::string_view> topic);

  // "dispytch.declare/1".
  std::vector<plugin::Finding> declare(const plugin::Config& document, bool make);

 private:
  StreamState stream(const std::string& topic);
  std::optional<GroupState> group_state(const std::string& topic, const std::string& group);
  std::vector<std::string> all_streams();
  std::vector<std::string> streams_of(const std::string& group);
  std::vector<plugin::GroupMember> live_members(const std::string& topic, const std::string& group);
  void require_no_members(const std::string& group, std::span<const std::string> topics, const char* doing);
  EntryId place(const plugin::GroupMove& move, const StreamState& state) const;
  plugin::GroupPosition row(const std::string& topic, const StreamState& state, std::optional<EntryId> position) const;
  [[noreturn]] void no_group(const std::string& group) const;
  bool has_group(const std::string& topic, const std::string& group);
  void declare_stream(const std::string& topic, const std::string& pointer, bool make, std::vector<plugin::Finding>& findings);
  void declare_group(const std::string& topic, const std::string& group, const std::string& start, const std::string& pointer, bool make,
                     std::vector<plugin::Finding>& findings);
  void look_for_eviction(std::vector<plugin::Finding>& findings);

  const Server& server_;
  Session session_;
};

}  // namespace dispytch::redis
