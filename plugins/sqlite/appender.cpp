#include "appender.hpp"

#include <cstdint>
#include <vector>

#include "layout.hpp"

namespace dispytch::sqlite {
namespace {

// Binds what the tables of stored and of delayed messages have in common, from that parameter on.
void bind(Query& query, int first, const Record& record, std::int64_t now_ms) {
  query.bind(first, record.timestamp_ms.value_or(now_ms));
  query.bind(first + 1, std::int64_t{record.timestamp_ms.has_value()});
  query.bind_blob(first + 2, record.key());
  query.bind_blob(first + 3, record.payload());
  query.bind_blob(first + 4, record.headers());
  query.bind_blob(first + 5, record.id());
}

}  // namespace

Appender::End& Appender::end_of(std::int64_t partition) {
  const auto [it, is_new] = ends_.try_emplace(partition);
  if (is_new) {
    Query query = database_.query("SELECT high FROM partitions WHERE id = ?1", partition);
    if (query.next()) it->second.high = query.integer(0);
  }
  return it->second;
}

std::int64_t Appender::append(std::int64_t partition, const Record& record, std::int64_t now_ms) {
  End& end = end_of(partition);
  Query query = database_.query(
      "INSERT INTO messages(id, timestamp_ms, stamped, key, payload, headers, event_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  query.bind(1, row_of(partition, end.high));
  bind(query, 2, record, now_ms);
  query.run();
  end.bytes += static_cast<std::int64_t>(record.size());
  return end.high++;
}

void Appender::delay(std::int64_t partition, const Record& record, std::int64_t now_ms) {
  Query query = database_.query(
      "INSERT INTO delayed(due_ms, partition, timestamp_ms, stamped, key, payload, headers, event_id) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  query.bind(1, record.deliver_at_ms.value_or(now_ms));
  query.bind(2, partition);
  bind(query, 3, record, now_ms);
  query.run();
}

int Appender::append_due(std::int64_t now_ms, int most) {
  struct Due {
    std::int64_t id, partition, bytes;
  };
  std::vector<Due> due;
  for (Query query = database_.query("SELECT id, partition, coalesce(length(key), 0) + coalesce(length(payload), 0) + "
                                     "coalesce(length(headers), 0) FROM delayed WHERE due_ms <= ?1 ORDER BY due_ms, id LIMIT ?2",
                                     now_ms, most);
       query.next();) {
    due.push_back({query.integer(0), query.integer(1), query.integer(2)});
  }
  for (const Due& one : due) {
    End& end = end_of(one.partition);
    database_
        .query(
            "INSERT INTO messages(id, timestamp_ms, stamped, key, payload, headers, event_id) "
            "SELECT ?1, timestamp_ms, stamped, key, payload, headers, event_id FROM delayed WHERE id = ?2",
            row_of(one.partition, end.high), one.id)
        .run();
    database_.query("DELETE FROM delayed WHERE id = ?1", one.id).run();
    ++end.high;
    end.bytes += one.bytes;
  }
  return static_cast<int>(due.size());
}

void Appender::finish() {
  for (const auto& [partition, end] : ends_) {
    database_.query("UPDATE partitions SET high = ?2, bytes = bytes + ?3 WHERE id = ?1", partition, end.high, end.bytes).run();
  }
}

}  // namespace dispytch::sqlite
