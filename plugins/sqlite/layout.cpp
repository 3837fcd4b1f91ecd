#include "layout.hpp"

#include <algorithm>
#include <cstdint>
#include <thread>

#include <dispytch/plugin/status.hpp>

namespace dispytch::sqlite {
namespace {

// A message is in exactly one of `messages` and `delayed`. `stamped`: the timestamp is the producer's, not that of storing it.
// positions: where a group goes on in a partition (`next`), which member reads it (`owner`), and since the how-manieth hand-over (`epoch`).
// members.beats and consumer_groups.generation rise: others see by them that a member lives, and that the group has changed.
constexpr const char* kTables = R"(
  CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, handled INTEGER NOT NULL,
    keep_ms INTEGER, keep_bytes INTEGER, created_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE partitions(id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, number INTEGER NOT NULL, low INTEGER NOT NULL DEFAULT 0,
    high INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, UNIQUE(topic, number)) STRICT;
  CREATE TABLE messages(id INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL, stamped INTEGER NOT NULL, key BLOB, payload BLOB,
    headers BLOB, event_id BLOB) STRICT;
  CREATE TABLE delayed(id INTEGER PRIMARY KEY AUTOINCREMENT, due_ms INTEGER NOT NULL, partition INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL, stamped INTEGER NOT NULL, key BLOB, payload BLOB, headers BLOB, event_id BLOB) STRICT;
  CREATE INDEX delayed_by_time ON delayed(due_ms, id);
  CREATE TABLE consumer_groups(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE members(id INTEGER PRIMARY KEY AUTOINCREMENT, consumer_group INTEGER NOT NULL, instance TEXT, application TEXT NOT NULL,
    process INTEGER NOT NULL, beats INTEGER NOT NULL DEFAULT 0, lasts_ms INTEGER NOT NULL) STRICT;
  CREATE INDEX members_by_group ON members(consumer_group);
  CREATE TABLE subscriptions(member INTEGER NOT NULL, topic INTEGER NOT NULL, PRIMARY KEY(member, topic)) STRICT, WITHOUT ROWID;
  CREATE TABLE positions(consumer_group INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, owner INTEGER,
    epoch INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(consumer_group, partition)) STRICT, WITHOUT ROWID;
  CREATE INDEX positions_by_partition ON positions(partition, consumer_group);
)";

std::int64_t pragma(Database& database, const char* sql) {
  Query query = database.query(sql);
  return query.next() ? query.integer(0) : 0;
}

std::string tables_of(Database& database) {
  std::string names;
  for (Query query = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 3"); query.next();) {
    names += (names.empty() ? "" : ", ") + query.text(0);
  }
  return names;
}

// Whether the file is this plugin's; false: it is empty.
bool judge(Database& database, const std::string& path) {
  const std::int64_t application = pragma(database, "PRAGMA application_id");
  const std::int64_t version = pragma(database, "PRAGMA user_version");
  const std::string tables = tables_of(database);
  if (application == 0 && version == 0 && tables.empty()) return false;
  if (application != kApplicationId) {
    throw plugin::Exception{DISPYTCH_ECONFIG, "/config/path: `" + path + "` is a database of another program, with " +
                                                  (tables.empty() ? "no tables" : "tables such as " + tables) +
                                                  "; expected a file of this plugin, or none: name another one"};
  }
  if (version > kLayoutVersion) {
    throw plugin::Exception{DISPYTCH_ECONFIG, "/config/path: `" + path + "` has layout " + std::to_string(version) +
                                                  ", written by a newer plugin; this one knows layout " + std::to_string(kLayoutVersion) +
                                                  ": use the newer plugin, or another file"};
  }
  return true;
}

// Two who open a new file at once may both find the other's lock, of which SQLite doesn't wait for one while the mode changes.
void use_write_ahead_log(Database& database, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      database.query("PRAGMA journal_mode = WAL").run();
      return;
    } catch (const Failure& failure) {
      if (failure.code() != SQLITE_BUSY || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

}  // namespace

void ensure_layout(Database& database, const std::string& path, std::chrono::milliseconds patience) {
  if (judge(database, path)) {
    use_write_ahead_log(database, patience);
    return;
  }
  database.execute("PRAGMA auto_vacuum = INCREMENTAL");  // before the first table, or never
  use_write_ahead_log(database, patience);
  Transaction transaction{database};
  if (judge(database, path)) return;  // somebody else was quicker
  database.execute(kTables);
  database.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.execute("PRAGMA user_version = " + std::to_string(kLayoutVersion));
  transaction.commit();
}

}  // namespace dispytch::sqlite
