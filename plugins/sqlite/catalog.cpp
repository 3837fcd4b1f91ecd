#include "catalog.hpp"

#include <cstdint>
#include <utility>

namespace dispytch::sqlite {
namespace {

Topic read(Database& database, const Query& row) {
  Topic topic{.id = row.integer(0),
              .name = row.text(1),
              .retention = {.handled = row.integer(2) != 0, .time_ms = row.optional_integer(3), .max_bytes = row.optional_integer(4)}};
  for (Query query = database.query("SELECT id FROM partitions WHERE topic = ?1 ORDER BY number", topic.id); query.next();) {
    topic.partitions.push_back(query.integer(0));
  }
  return topic;
}

}  // namespace

std::optional<Topic> find_topic(Database& database, std::string_view name) {
  Query query = database.query("SELECT id, name, handled, keep_ms, keep_bytes FROM topics WHERE name = ?1", name);
  if (!query.next()) return std::nullopt;
  return read(database, query);
}

std::vector<Topic> all_topics(Database& database) {
  std::vector<Topic> topics;
  for (Query query = database.query("SELECT id, name, handled, keep_ms, keep_bytes FROM topics ORDER BY name"); query.next();) {
    topics.push_back(read(database, query));
  }
  return topics;
}

Topic create_topic(Database& database, std::string_view name, const TopicOptions& options, std::int64_t now_ms) {
  Topic topic{.name = std::string{name}, .retention = options.retention};
  {
    Query query = database.query(
        "INSERT INTO topics(name, partitions, handled, keep_ms, keep_bytes, created_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6) RETURNING id", name,
        options.partitions, options.retention.handled, options.retention.time_ms, options.retention.max_bytes, now_ms);
    query.next();
    topic.id = query.integer(0);
    query.run();
  }
  for (std::int32_t number = 0; number < options.partitions; ++number) {
    Query query = database.query("INSERT INTO partitions(topic, number) VALUES(?1, ?2) RETURNING id", topic.id, number);
    query.next();
    topic.partitions.push_back(query.integer(0));
    query.run();
  }
  return topic;
}

void set_retention(Database& database, const Topic& topic, const Retention& retention) {
  database
      .query("UPDATE topics SET handled = ?2, keep_ms = ?3, keep_bytes = ?4 WHERE id = ?1", topic.id, retention.handled, retention.time_ms,
             retention.max_bytes)
      .run();
}

std::string no_topic(std::string_view name, const std::string& path) {
  return "there is no topic `" + std::string{name} + "` in `" + path +
         "`; name it under `topics` of the backend, or run `dispytch declare`";
}

Bounds bounds_of(Database& database, std::int64_t partition) {
  Query query = database.query("SELECT low, high FROM partitions WHERE id = ?1", partition);
  return query.next() ? Bounds{query.integer(0), query.integer(1)} : Bounds{};
}

const Topic* TopicCache::get(Database& database, std::string_view name, const TopicOptions* create, std::int64_t now_ms) {
  if (const auto known = topics_.find(name); known != topics_.end()) return &known->second;
  std::optional<Topic> topic = find_topic(database, name);
  if (!topic) {
    if (create == nullptr) return nullptr;
    topic = create_topic(database, name, *create, now_ms);
    fresh_.push_back(topic->name);
  }
  return &topics_.emplace(topic->name, std::move(*topic)).first->second;
}

void TopicCache::forget_new() {
  for (const std::string& name : std::exchange(fresh_, {})) topics_.erase(name);
}

}  // namespace dispytch::sqlite
