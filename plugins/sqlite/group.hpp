// The rows of a consumer group: its members, its positions, and who reads what. Statements alone; who decides is the member.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.hpp"
#include "database.hpp"

namespace dispytch::sqlite {

struct MemberRow {
  std::int64_t id = 0;
  std::int64_t beats = 0;  ///< rises as long as it lives
  std::int64_t lasts_ms = 0;
  std::string application = {};
  std::int64_t process = 0;
  std::optional<std::string> instance = {};
};

struct PositionRow {
  std::int64_t partition = 0;
  std::int64_t next = 0;
  std::optional<std::int64_t> owner = {};
  std::int64_t epoch = 0;
};

// All: for the thread whose database it is; those that write, within a transaction. Throw Failure.
std::optional<std::int64_t> find_group(Database& database, std::string_view name);
std::int64_t find_or_make_group(Database& database, std::string_view name);
/// Rises whenever members, subscriptions or owners change.
std::int64_t generation_of(Database& database, std::int64_t group);
void changed(Database& database, std::int64_t group);

/// What a member says of itself.
struct MemberInfo {
  std::string application = {};
  std::optional<std::string> instance = {};
  std::chrono::milliseconds lasts = {};
};
/// Returns the new member's number. One of the same instance name hands over to it what it has.
std::int64_t join(Database& database, std::int64_t group, const MemberInfo& info);
/// False: the group has given that member up.
bool beat(Database& database, std::int64_t member);
/// Frees what it has, too.
void remove_member(Database& database, std::int64_t group, std::int64_t member);
std::vector<MemberRow> members_of(Database& database, std::int64_t group);

void subscribe(Database& database, std::int64_t member, std::int64_t topic);
/// The topics that each member reads, as pairs of member and topic, in order.
std::vector<std::pair<std::int64_t, std::int64_t>> subscriptions_of(Database& database, std::int64_t group);

std::vector<PositionRow> positions_of(Database& database, std::int64_t group);
/// Gives the group a position where it has none.
void begin_at(Database& database, std::int64_t group, std::int64_t partition, std::int64_t next);
/// Takes a partition that nobody has. Returns its row as it is then; nullopt: somebody has it.
std::optional<PositionRow> take(Database& database, std::int64_t group, std::int64_t partition, std::int64_t member);
// Both: false, and nothing changes, where the partition isn't the member's by that epoch any more. That is the fence.
bool store_position(Database& database, std::int64_t group, const PositionRow& held);
/// `stores`: held.next is where the group goes on; else that stays as it is.
bool release(Database& database, std::int64_t group, const PositionRow& held, bool stores);

}  // namespace dispytch::sqlite
