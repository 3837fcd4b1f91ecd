// What a consumer subscribes to, and whether it is there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/status.hpp>

#include "handles.hpp"

namespace dispytch::kafka {

class Subscription {
 public:
  /// `topics`: [{"name"} or {"pattern"}, ...]. Throws Exception.
  explicit Subscription(const plugin::Config& topics);
  /// Throws Exception where there is no topic; `topics`: what it was made of.
  void require_some(const plugin::Config& topics) const;

  /// Waits until the cluster answers and says that each topic exists; patterns may match nothing. `trouble`: why a cluster that doesn't
  /// answer may never do so, to be asked now and then. Returns how many partitions the topics have; where there are patterns all of the
  /// cluster's topics. Throws Exception: ENOTFOUND, EUNAVAILABLE, EAUTH.
  std::map<std::string, std::int32_t, std::less<>> require_topics(rd_kafka_t* client, const std::string& cluster,
                                                                  std::chrono::milliseconds timeout,
                                                                  const std::function<plugin::Error()>& trouble) const;

  bool has_patterns() const noexcept { return !expressions_.empty(); }
  const std::vector<std::string>& names() const noexcept { return names_; }
  /// What no pattern is to match, as `topic.blacklist` takes it: the cluster's own topics, but for those that are named. Empty where there
  /// is no pattern: the blacklist hides named topics too.
  std::string hidden() const;

  /// Returns whether one of these topics is named, or matched by a pattern and by none of `hidden`, the value of `topic.blacklist`.
  /// librdkafka joins no group before there is one. An expression that can't be read is taken to match.
  bool finds_any(const std::map<std::string, std::int32_t, std::less<>>& topics, std::string_view hidden) const;

  /// The topics as rd_kafka_subscribe() takes them.
  PartitionsHandle list() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> expressions_;
};

/// `user.{user_id}.notification` as a regular expression of librdkafka, which begins with ^; one of those stays as it is.
std::string expression_of(std::string_view pattern);

}  // namespace dispytch::kafka
