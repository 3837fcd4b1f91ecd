// What an operator asks of a cluster's groups, and what a config needs there: the extensions "dispytch.groups/1", "dispytch.backlog/1" and
// "dispytch.declare/1".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "admin.hpp"

namespace dispytch::kafka {

/// As Admin: made for one question. All functions block, together at most for the timeout, and throw Exception.
class GroupAdmin : private Admin {
 public:
  GroupAdmin(Cluster& cluster, std::chrono::milliseconds timeout, std::string group = {}) : Admin{cluster, timeout, std::move(group)} {
    reach();
  }

  std::vector<plugin::Group> list();
  std::vector<plugin::GroupMember> members();
  std::vector<plugin::GroupPosition> positions(std::optional<std::string_view> topic);
  std::vector<plugin::GroupPosition> move(std::span<const plugin::GroupMove> moves, bool dry_run);
  void forget();
  std::vector<plugin::Backlog> backlog(std::optional<std::string_view> topic);
  std::vector<plugin::Finding> declare(const plugin::Config& document, bool make);

 private:
  struct Description {
    std::string state = {};
    bool dead = false;  ///< the cluster's word for a group that isn't there
    std::vector<plugin::GroupMember> members = {};
  };
  Description describe(const std::string& group);
  void require_no_members(const char* doing);
  std::int64_t place(const plugin::GroupMove& move, const plugin::Range& range);
  void commit(const std::vector<plugin::GroupPosition>& rows);
  bool exists(const std::string& topic);
  void create(const std::string& topic);
};

}  // namespace dispytch::kafka
