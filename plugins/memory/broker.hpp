// A broker inside the process: topics and consumer groups behind one mutex.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <dispytch/plugin/mutex.hpp>

#include "group.hpp"
#include "options.hpp"
#include "topic.hpp"

namespace dispytch::memory {

/// Whether a consumer wants a topic that has just been created.
class TopicWatcher {
 public:
  virtual ~TopicWatcher() = default;
  /// Under the broker's mutex.
  virtual void created(Topic& topic) = 0;
};

/// Starts no thread and never blocks but for its mutex, which is taken once for a batch. Topics, partitions, groups and members, which it
/// owns or knows, are touched under it too.
class Broker {
 public:
  /// The broker of that name if one is open in this process, with the topics of `options` added; else a new one. Throws
  /// plugin::Exception (DISPYTCH_ECONFIG) where both disagree about a topic.
  static std::shared_ptr<Broker> open(const Options& options);

  plugin::Mutex mutex;

  /// Creates it at its first use where the options allow that. Throws plugin::Exception (DISPYTCH_ENOTFOUND).
  Topic& topic(std::string_view name) DISPYTCH_REQUIRES(mutex);
  /// Null where it doesn't exist, and isn't created.
  Topic* find(std::string_view name) noexcept DISPYTCH_REQUIRES(mutex);
  /// As topic(), but creates none.
  Topic& existing_topic(std::string_view name) DISPYTCH_REQUIRES(mutex);
  const std::map<std::string, std::unique_ptr<Topic>, std::less<>>& topics() const noexcept DISPYTCH_REQUIRES(mutex) { return topics_; }
  bool auto_create() const noexcept { return auto_create_; }

  /// The consumer group of that name. It stays, with all its positions, as long as the broker.
  Group& group(const std::string& name) DISPYTCH_REQUIRES(mutex);
  /// Null where no consumer has named it yet.
  const Group* find_group(const std::string& name) const noexcept DISPYTCH_REQUIRES(mutex);
  /// Makes a group for one consumer that named none, or that only looks; dissolve() ends it.
  Group& nameless_group(bool looks) DISPYTCH_REQUIRES(mutex);
  /// All that have a name.
  std::map<std::string, Group>& groups() noexcept DISPYTCH_REQUIRES(mutex) { return groups_; }
  /// Makes a topic with the options of those that have none of their own. It doesn't exist yet.
  Topic& declare(const std::string& name) DISPYTCH_REQUIRES(mutex) { return create(name, others_); }
  const TopicOptions& others() const noexcept { return others_; }
  void dissolve(Group& group) noexcept DISPYTCH_REQUIRES(mutex);

  std::vector<TopicWatcher*> watchers DISPYTCH_GUARDED_BY(mutex) = {};

 private:
  explicit Broker(const Options& options);
  void add(const Options& options) DISPYTCH_REQUIRES(mutex);
  [[noreturn]] void missing(std::string_view name, std::string_view advice) const DISPYTCH_REQUIRES(mutex);
  Topic& create(const std::string& name, const TopicOptions& options) DISPYTCH_REQUIRES(mutex);

  const TopicOptions others_;
  const bool auto_create_;
  const std::chrono::milliseconds rebalance_timeout_;
  std::size_t partitions_ DISPYTCH_GUARDED_BY(mutex) = 0;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_ DISPYTCH_GUARDED_BY(mutex) = {};
  // After topics_: a group's end touches its partitions.
  std::map<std::string, Group> groups_ DISPYTCH_GUARDED_BY(mutex) = {};
  std::list<Group> nameless_groups_ DISPYTCH_GUARDED_BY(mutex) = {};
};

}  // namespace dispytch::memory
