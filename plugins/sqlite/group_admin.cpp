#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admin.hpp"
#include "group.hpp"
#include "layout.hpp"
#include "question.hpp"

namespace dispytch::sqlite {
namespace {

std::int64_t existing_group(Broker& broker, Database& database, std::string_view name) {
  if (const auto found = find_group(database, name)) return *found;
  throw plugin::Exception{DISPYTCH_ENOTFOUND, "no group `" + std::string{name} + "` in `" + broker.file().path() + "`"};
}

// Members whose process was killed are in the file until somebody has seen them silent for their session's time. Where nobody else is left
// to see it, whoever asks does, as long as the timeout allows; one that changes its row lives, and ends the wait.
void remove_the_silent(Broker& broker, std::string_view group, std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kEvery{20};
  const auto begin = std::chrono::steady_clock::now();
  const auto members = [&] {
    return ask(broker, [&](Database& database) {
      const auto known = find_group(database, group);
      return known ? sqlite::members_of(database, *known) : std::vector<MemberRow>{};
    });
  };
  const std::vector<MemberRow> watched = members();
  std::chrono::milliseconds session{0};
  for (const MemberRow& member : watched) session = std::max(session, std::chrono::milliseconds{member.lasts_ms});
  for (std::chrono::steady_clock::time_point now = begin; now - begin < session; now = std::chrono::steady_clock::now()) {
    if (now - begin >= timeout) return;
    for (const MemberRow& member : members()) {
      const auto before = std::ranges::find(watched, member.id, &MemberRow::id);
      if (before == watched.end() || before->beats != member.beats) return;
    }
    std::this_thread::sleep_for(kEvery);
  }
  if (watched.empty()) return;
  order(broker, [&](Database& database) {
    const auto known = find_group(database, group);
    if (!known) return;
    for (const MemberRow& member : sqlite::members_of(database, *known)) {
      const auto before = std::ranges::find(watched, member.id, &MemberRow::id);
      if (before != watched.end() && before->beats == member.beats) remove_member(database, *known, member.id);
    }
  });
}

void require_no_members(Database& database, std::int64_t group, std::string_view name, const char* doing) {
  const std::size_t count = sqlite::members_of(database, group).size();
  if (count == 0) return;
  throw plugin::Exception{DISPYTCH_EINVAL, "group `" + std::string{name} + "` has " + std::to_string(count) +
                                               (count == 1 ? " member" : " members") + "; end them before it is " + doing};
}

// A partition with its topic's name.
struct Named {
  std::string topic;
  std::int32_t number = 0;
};

std::map<std::int64_t, Named> names_of(Database& database) {
  std::map<std::int64_t, Named> names;
  for (Query query = database.query("SELECT p.id, t.name, p.number FROM partitions p JOIN topics t ON t.id = p.topic"); query.next();) {
    names[query.integer(0)] = {query.text(1), static_cast<std::int32_t>(query.integer(2))};
  }
  return names;
}

plugin::GroupPosition describe(Database& database, const Named& named, std::int64_t partition, std::optional<std::int64_t> next) {
  const Bounds bounds = bounds_of(database, partition);
  return {.topic = named.topic, .partition = named.number, .offset = next, .low = bounds.low, .high = bounds.high};
}

void sort(std::vector<plugin::GroupPosition>& rows) {
  std::ranges::sort(rows, {}, [](const plugin::GroupPosition& row) { return std::pair{row.topic, row.partition}; });
}

std::int64_t place(Database& database, const plugin::GroupMove& move, const Named& named, std::int64_t partition) {
  const Bounds bounds = bounds_of(database, partition);
  switch (move.to) {
    case DISPYTCH_MOVE_TO_EARLIEST: return bounds.low;
    case DISPYTCH_MOVE_TO_LATEST: return bounds.high;
    case DISPYTCH_MOVE_TO_TIME: {
      Query query = database.query("SELECT id FROM messages WHERE id >= ?1 AND id < ?2 AND timestamp_ms >= ?3 ORDER BY id LIMIT 1",
                                   row_of(partition, bounds.low), row_of(partition + 1, 0), move.value);
      return query.next() ? offset_of_row(query.integer(0)) : bounds.high;
    }
    case DISPYTCH_MOVE_TO_OFFSET: break;
    default: throw plugin::Exception{DISPYTCH_EINVAL, "the sqlite backend moves a group by offset and by time, not by an id"};
  }
  if (move.value < bounds.low || move.value > bounds.high) {
    throw plugin::Exception{DISPYTCH_EINVAL, "topic `" + named.topic + "`, partition " + std::to_string(named.number) +
                                                 ": expected an offset from " + std::to_string(bounds.low) + " to " +
                                                 std::to_string(bounds.high) + ", found " + std::to_string(move.value)};
  }
  return move.value;
}

}  // namespace

std::vector<plugin::Group> list_groups(Broker& broker) {
  return ask(broker, [](Database& database) {
    std::vector<plugin::Group> all;
    for (Query query =
             database.query("SELECT name, (SELECT count(*) FROM members WHERE consumer_group = g.id) FROM consumer_groups g ORDER BY name");
         query.next();) {
      all.push_back({.name = query.text(0), .members = static_cast<std::uint32_t>(query.integer(1))});
    }
    return all;
  });
}

std::vector<plugin::GroupMember> members_of(Broker& broker, std::string_view group) {
  return ask(broker, [&](Database& database) {
    std::vector<plugin::GroupMember> all;
    for (const MemberRow& row : sqlite::members_of(database, existing_group(broker, database, group))) {
      all.push_back({.name = row.application, .instance = row.instance, .address = "process " + std::to_string(row.process)});
    }
    return all;
  });
}

std::vector<plugin::GroupPosition> positions_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic) {
  return ask(broker, [&](Database& database) {
    const std::int64_t its_group = existing_group(broker, database, group);
    std::map<std::int64_t, std::int64_t> next;
    for (const PositionRow& row : sqlite::positions_of(database, its_group)) next[row.partition] = row.next;
    const std::map<std::int64_t, Named> names = names_of(database);
    std::vector<plugin::GroupPosition> rows;
    if (topic) {
      for (const std::int64_t partition : existing_topic(broker, database, *topic).partitions) {
        const auto known = next.find(partition);
        rows.push_back(
            describe(database, names.at(partition), partition, known == next.end() ? std::nullopt : std::optional{known->second}));
      }
    } else {
      for (const auto& [partition, offset] : next) rows.push_back(describe(database, names.at(partition), partition, offset));
      sort(rows);
    }
    return rows;
  });
}

std::vector<plugin::GroupPosition> move_group(Broker& broker, std::string_view group, std::span<const plugin::GroupMove> moves,
                                              bool dry_run, std::chrono::milliseconds timeout) {
  remove_the_silent(broker, group, timeout);
  return order(broker, [&](Database& database) {
    if (const auto known = find_group(database, group)) require_no_members(database, *known, group, "moved");
    const std::map<std::int64_t, Named> names = names_of(database);
    std::vector<std::pair<std::int64_t, std::int64_t>> places;  // partition and offset
    for (const plugin::GroupMove& move : moves) {
      const Topic topic = existing_topic(broker, database, move.topic);
      if (move.partition && (*move.partition < 0 || static_cast<std::size_t>(*move.partition) >= topic.partitions.size())) {
        throw plugin::Exception{DISPYTCH_ENOTFOUND, "topic `" + move.topic + "` has no partition " + std::to_string(*move.partition)};
      }
      for (const std::int64_t partition : topic.partitions) {
        const Named& named = names.at(partition);
        if (move.partition && *move.partition != named.number) continue;
        places.emplace_back(partition, place(database, move, named, partition));
      }
    }
    std::vector<plugin::GroupPosition> rows;
    for (const auto& [partition, offset] : places) rows.push_back(describe(database, names.at(partition), partition, offset));
    sort(rows);
    if (dry_run) return rows;
    const std::int64_t its_group = find_or_make_group(database, group);
    for (const auto& [partition, offset] : places) {
      database
          .query(
              "INSERT INTO positions(consumer_group, partition, next) VALUES(?1, ?2, ?3) ON CONFLICT(consumer_group, partition) DO "
              "UPDATE SET next = excluded.next, epoch = epoch + 1",
              its_group, partition, offset)
          .run();
    }
    return rows;
  });
}

void forget_group(Broker& broker, std::string_view group, std::chrono::milliseconds timeout) {
  remove_the_silent(broker, group, timeout);
  order(broker, [&](Database& database) {
    const std::int64_t its_group = existing_group(broker, database, group);
    require_no_members(database, its_group, group, "forgotten");
    database.query("DELETE FROM positions WHERE consumer_group = ?1", its_group).run();
    database.query("DELETE FROM consumer_groups WHERE id = ?1", its_group).run();
  });
}

std::vector<plugin::Backlog> backlog_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic) {
  return ask(broker, [&](Database& database) {
    const std::int64_t its_group = existing_group(broker, database, group);
    if (topic) existing_topic(broker, database, *topic);
    const std::map<std::int64_t, Named> names = names_of(database);
    std::vector<plugin::Backlog> rows;
    for (const PositionRow& position : sqlite::positions_of(database, its_group)) {
      const Named& named = names.at(position.partition);
      if (topic && named.topic != *topic) continue;
      const Bounds bounds = bounds_of(database, position.partition);
      const std::int64_t first = std::max(position.next, bounds.low);
      // How many of these a member has in hand, it alone knows.
      plugin::Backlog& row = rows.emplace_back(plugin::Backlog{
          .topic = named.topic, .partition = named.number, .waiting = bounds.high - first, .position = position.next, .end = bounds.high});
      if (position.owner) row.waiting.reset();
      Query query = database.query("SELECT timestamp_ms FROM messages WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1",
                                   row_of(position.partition, first), row_of(position.partition + 1, 0));
      if (query.next()) row.oldest_ms = query.integer(0);
    }
    std::ranges::sort(rows, {}, [](const plugin::Backlog& row) { return std::pair{row.topic, row.partition}; });
    return rows;
  });
}

}  // namespace dispytch::sqlite
