// The topics of the file and their partitions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database.hpp"
#include "options.hpp"

namespace dispytch::sqlite {

struct Topic {
  std::int64_t id = 0;
  std::string name = {};
  std::vector<std::int64_t> partitions = {};  ///< their numbers in the file, by partition
  Retention retention = {};
};

// All: for the thread whose database it is. Throw Failure.
std::optional<Topic> find_topic(Database& database, std::string_view name);
std::vector<Topic> all_topics(Database& database);
/// Within a transaction; the topic is not there yet.
Topic create_topic(Database& database, std::string_view name, const TopicOptions& options, std::int64_t now_ms);
void set_retention(Database& database, const Topic& topic, const Retention& retention);

/// What the sentence about a topic that doesn't exist says.
std::string no_topic(std::string_view name, const std::string& path);

/// The bounds of a partition: the oldest offset that is kept, and the one that comes next.
struct Bounds {
  std::int64_t low = 0, high = 0;
};
Bounds bounds_of(Database& database, std::int64_t partition);

/// Topics that were looked up, for one thread. Topics are never deleted, so that only those made in a transaction that was rolled back are
/// to be forgotten.
class TopicCache {
 public:
  /// Creates it by `create` where it isn't there and create isn't nullptr; nullptr: there is none. Valid until forget_new().
  const Topic* get(Database& database, std::string_view name, const TopicOptions* create, std::int64_t now_ms);
  void keep_new() noexcept { fresh_.clear(); }
  void forget_new();

 private:
  std::map<std::string, Topic, std::less<>> topics_;
  std::vector<std::string> fresh_;
};

}  // namespace dispytch::sqlite
