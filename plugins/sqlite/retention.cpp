#include "retention.hpp"

#include <algorithm>
#include <cstdint>

#include "layout.hpp"

namespace dispytch::sqlite {
namespace {

constexpr std::chrono::nanoseconds kEvery = std::chrono::seconds{5};
constexpr std::chrono::nanoseconds kSoon = std::chrono::milliseconds{50};  // after something was settled: not for each message
constexpr std::int64_t kStep = 1000;                                       // messages in one transaction, of one partition
constexpr std::int64_t kWorthIt = 2000;                                    // free pages that are given back at the least
constexpr const char* kGiveBack = "PRAGMA incremental_vacuum(500)";

std::int64_t number_of(Database& database, const char* sql) {
  Query query = database.query(sql);
  return query.next() ? query.integer(0) : 0;
}

// Free pages are used again; only where they are a large part of the file, it is made smaller.
void give_space_back(Database& database) {
  const std::int64_t free = number_of(database, "PRAGMA freelist_count");
  if (free < kWorthIt || free < number_of(database, "PRAGMA page_count") / 4) return;
  database.query(kGiveBack).run();
}

}  // namespace

std::int64_t delete_before(Database& database, std::int64_t partition, std::int64_t offset, std::int64_t most) {
  const Bounds bounds = bounds_of(database, partition);
  const std::int64_t until = std::min(offset, bounds.low + most);
  if (until <= bounds.low) return 0;
  std::int64_t bytes = 0;
  {
    Query query = database.query(
        "SELECT coalesce(sum(coalesce(length(key), 0) + coalesce(length(payload), 0) + coalesce(length(headers), 0)), 0) "
        "FROM messages WHERE id >= ?1 AND id < ?2",
        row_of(partition, bounds.low), row_of(partition, until));
    if (query.next()) bytes = query.integer(0);
  }
  database.query("DELETE FROM messages WHERE id >= ?1 AND id < ?2", row_of(partition, bounds.low), row_of(partition, until)).run();
  database.query("UPDATE partitions SET low = ?2, bytes = bytes - ?3 WHERE id = ?1", partition, until, bytes).run();
  return until - bounds.low;
}

std::int64_t first_to_keep(Database& database, const Retention& retention, std::int64_t partition, std::int64_t now_ms, std::int64_t most) {
  std::int64_t low = 0, bytes = 0;
  {
    Query query = database.query("SELECT low, bytes FROM partitions WHERE id = ?1", partition);
    if (!query.next()) return 0;
    low = query.integer(0);
    bytes = query.integer(1);
  }
  std::int64_t handled = low;
  if (retention.handled) {
    Query query = database.query("SELECT min(next) FROM positions WHERE partition = ?1", partition);
    if (query.next() && !query.is_null(0)) handled = std::max(handled, query.integer(0));
  }
  if (!retention.time_ms && !retention.max_bytes) return handled;
  std::int64_t keep = low;
  Query query = database.query(
      "SELECT id, timestamp_ms, coalesce(length(key), 0) + coalesce(length(payload), 0) + coalesce(length(headers), 0) "
      "FROM messages WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
      row_of(partition, low), row_of(partition + 1, 0), most);
  while (query.next()) {
    const std::int64_t offset = offset_of_row(query.integer(0));
    const bool is_old = retention.time_ms && query.integer(1) < now_ms - *retention.time_ms;
    const bool is_too_much = retention.max_bytes && bytes > *retention.max_bytes;
    if (offset >= handled && !is_old && !is_too_much) break;
    bytes -= query.integer(2);
    keep = offset + 1;
  }
  return std::max(keep, handled);
}

void RetentionWork::settled() noexcept {
  std::int64_t none = kNever;
  settled_at_.compare_exchange_strong(none, clock_.monotonic().count());
}

std::optional<std::chrono::nanoseconds> RetentionWork::due() {
  const std::int64_t settled = settled_at_;
  if (!applies_ || settled == kNever) return next_;
  return std::min(next_, std::chrono::nanoseconds{settled} + kSoon);
}

void RetentionWork::write(Writing& writing) {
  settled_at_ = kNever;
  applies_ = false;
  bool more = false;
  std::int64_t deleted = 0;
  for (const Topic& topic : all_topics(writing.database)) {
    if (topic.retention.keeps_all()) continue;
    applies_ = true;
    for (const std::int64_t partition : topic.partitions) {
      const std::int64_t keep = first_to_keep(writing.database, topic.retention, partition, writing.now_ms, kStep);
      const std::int64_t gone = delete_before(writing.database, partition, keep, kStep);
      deleted += gone;
      more = more || gone == kStep;
    }
  }
  if (deleted > 0) give_space_back(writing.database);
  next_ = clock_.monotonic() + (more ? std::chrono::nanoseconds{0} : kEvery);
}

void RetentionWork::failed(const plugin::Error&) { next_ = clock_.monotonic() + kEvery; }

}  // namespace dispytch::sqlite
