#include "group.hpp"

#include <unistd.h>

#include <cstdint>
#include <utility>

namespace dispytch::sqlite {

std::optional<std::int64_t> find_group(Database& database, std::string_view name) {
  Query query = database.query("SELECT id FROM consumer_groups WHERE name = ?1", name);
  return query.next() ? std::optional{query.integer(0)} : std::nullopt;
}

std::int64_t find_or_make_group(Database& database, std::string_view name) {
  if (const auto found = find_group(database, name)) return *found;
  Query query = database.query("INSERT INTO consumer_groups(name) VALUES(?1) RETURNING id", name);
  query.next();
  const std::int64_t id = query.integer(0);
  query.run();
  return id;
}

std::int64_t generation_of(Database& database, std::int64_t group) {
  Query query = database.query("SELECT generation FROM consumer_groups WHERE id = ?1", group);
  return query.next() ? query.integer(0) : -1;
}

void changed(Database& database, std::int64_t group) {
  database.query("UPDATE consumer_groups SET generation = generation + 1 WHERE id = ?1", group).run();
}

std::int64_t join(Database& database, std::int64_t group, const MemberInfo& info) {
  std::int64_t id = 0;
  {
    Query query = database.query("INSERT INTO members(consumer_group, application, process, lasts_ms) VALUES(?1, ?2, ?3, ?4) RETURNING id",
                                 group, std::string_view{info.application}, getpid(), info.lasts.count());
    query.next();
    id = query.integer(0);
    query.run();
  }
  if (info.instance) {
    std::vector<std::int64_t> before;
    for (Query query =
             database.query("SELECT id FROM members WHERE instance = ?1 AND consumer_group = ?2", std::string_view{*info.instance}, group);
         query.next();) {
      before.push_back(query.integer(0));
    }
    for (const std::int64_t other : before) {
      database.query("UPDATE positions SET owner = ?3, epoch = epoch + 1 WHERE consumer_group = ?1 AND owner = ?2", group, other, id).run();
      remove_member(database, group, other);
    }
    database.query("UPDATE members SET instance = ?1 WHERE id = ?2", std::string_view{*info.instance}, id).run();
  }
  changed(database, group);
  return id;
}

bool beat(Database& database, std::int64_t member) {
  database.query("UPDATE members SET beats = beats + 1 WHERE id = ?1", member).run();
  return database.changes() == 1;
}

void remove_member(Database& database, std::int64_t group, std::int64_t member) {
  database.query("UPDATE positions SET owner = NULL, epoch = epoch + 1 WHERE consumer_group = ?1 AND owner = ?2", group, member).run();
  database.query("DELETE FROM subscriptions WHERE member = ?1", member).run();
  database.query("DELETE FROM members WHERE id = ?1", member).run();
  changed(database, group);
}

std::vector<MemberRow> members_of(Database& database, std::int64_t group) {
  std::vector<MemberRow> members;
  for (Query query = database.query(
           "SELECT id, beats, lasts_ms, application, process, instance FROM members WHERE consumer_group = ?1 ORDER BY id", group);
       query.next();) {
    MemberRow& row = members.emplace_back(MemberRow{.id = query.integer(0),
                                                    .beats = query.integer(1),
                                                    .lasts_ms = query.integer(2),
                                                    .application = query.text(3),
                                                    .process = query.integer(4)});
    if (!query.is_null(5)) row.instance = query.text(5);
  }
  return members;
}

void subscribe(Database& database, std::int64_t member, std::int64_t topic) {
  database.query("INSERT OR IGNORE INTO subscriptions(member, topic) VALUES(?1, ?2)", member, topic).run();
}

std::vector<std::pair<std::int64_t, std::int64_t>> subscriptions_of(Database& database, std::int64_t group) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (Query query = database.query("SELECT member, topic FROM subscriptions WHERE member IN (SELECT id FROM members WHERE "
                                    "consumer_group = ?1) ORDER BY member, topic",
                                    group);
       query.next();) {
    pairs.emplace_back(query.integer(0), query.integer(1));
  }
  return pairs;
}

std::vector<PositionRow> positions_of(Database& database, std::int64_t group) {
  std::vector<PositionRow> rows;
  for (Query query =
           database.query("SELECT partition, next, owner, epoch FROM positions WHERE consumer_group = ?1 ORDER BY partition", group);
       query.next();) {
    rows.push_back({query.integer(0), query.integer(1), query.optional_integer(2), query.integer(3)});
  }
  return rows;
}

void begin_at(Database& database, std::int64_t group, std::int64_t partition, std::int64_t next) {
  database.query("INSERT OR IGNORE INTO positions(consumer_group, partition, next) VALUES(?1, ?2, ?3)", group, partition, next).run();
}

std::optional<PositionRow> take(Database& database, std::int64_t group, std::int64_t partition, std::int64_t member) {
  Query query = database.query(
      "UPDATE positions SET owner = ?3, epoch = epoch + 1 WHERE consumer_group = ?1 AND partition = ?2 AND owner "
      "IS NULL RETURNING partition, next, owner, epoch",
      group, partition, member);
  if (!query.next()) return std::nullopt;
  const PositionRow row{query.integer(0), query.integer(1), query.optional_integer(2), query.integer(3)};
  query.run();
  return row;
}

bool store_position(Database& database, std::int64_t group, const PositionRow& held) {
  database
      .query("UPDATE positions SET next = ?3 WHERE consumer_group = ?1 AND partition = ?2 AND owner = ?4 AND epoch = ?5", group,
             held.partition, held.next, held.owner, held.epoch)
      .run();
  return database.changes() == 1;
}

bool release(Database& database, std::int64_t group, const PositionRow& held, bool stores) {
  database
      .query(
          "UPDATE positions SET next = iif(?6, ?3, next), owner = NULL, epoch = epoch + 1 WHERE consumer_group = ?1 AND partition = ?2 "
          "AND owner = ?4 AND epoch = ?5",
          group, held.partition, held.next, held.owner, held.epoch, stores)
      .run();
  return database.changes() == 1;
}

}  // namespace dispytch::sqlite
