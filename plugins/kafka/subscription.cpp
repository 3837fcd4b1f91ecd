#include "subscription.hpp"

#include <algorithm>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Exception;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How long one request for metadata may take before it is asked again what may be wrong.
constexpr milliseconds kSlice{250};

void require_exists(const rd_kafka_metadata_topic& topic, const std::string& cluster) {
  const std::string name = std::string{"topic `"} + topic.topic + "`";
  switch (topic.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE: return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      throw Exception{Error{.code = DISPYTCH_ENOTFOUND, .text = "there is no " + name + " at " + cluster, .broker_code = topic.err}};
    default: throw Exception{error_of(topic.err, name + " at " + cluster)};
  }
}

}  // namespace

std::string expression_of(std::string_view pattern) {
  if (pattern.starts_with('^')) return std::string{pattern};
  std::string expression = "^";
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (const std::size_t end = c == '{' ? pattern.find('}', at) : std::string_view::npos; end != std::string_view::npos) {
      expression += "[^.]+";
      at = end;
    } else if (std::string_view{"\\^$.|?*+()[]{}"}.find(c) != std::string_view::npos) {
      expression += {'\\', c};
    } else {
      expression += c;
    }
  }
  return expression + "$";
}

Subscription::Subscription(const plugin::Config& topics) {
  for (const plugin::Config& topic : topics.elements()) {
    if (topic.at("pattern")) {
      expressions_.push_back(expression_of(topic.require<std::string>("pattern")));
    } else {
      names_.push_back(topic.require<std::string>("name"));
      if (names_.back().starts_with('^'))
        throw Exception{topic.at("name").error("no topic of Kafka begins with ^; did you mean a `pattern`?")};
    }
  }
  if (names_.empty() && expressions_.empty()) throw Exception{topics.error("expected one topic at least")};
}

void Subscription::require_topics(rd_kafka_t* client, const std::string& cluster, milliseconds timeout,
                                  const std::function<Error()>& trouble) const {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::vector<TopicHandle> local;  // metadata is asked for the topics that have a handle
  for (const std::string& name : names_) local.emplace_back(rd_kafka_topic_new(client, name.c_str(), nullptr));
  for (;;) {
    const auto left = std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(deadline - Clock::now()));
    const rd_kafka_metadata_t* answer = nullptr;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, nullptr, &answer, static_cast<int>(std::min(left, kSlice).count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const MetadataHandle metadata{answer};
      for (int i = 0; i < metadata->topic_cnt; ++i) require_exists(metadata->topics[i], cluster);
      return;
    }
    const Error why = trouble();
    if (why.code == DISPYTCH_EAUTH) throw Exception{why};
    if (Clock::now() < deadline) continue;
    throw Exception{Error{.code = DISPYTCH_EUNAVAILABLE,
                          .text = cluster + " didn't answer within " + std::to_string(timeout.count()) +
                                  " ms: " + (why.text.empty() ? rd_kafka_err2str(code) : why.text),
                          .retriable = true,
                          .broker_code = code}};
  }
}

PartitionsHandle Subscription::list() const {
  PartitionsHandle list{rd_kafka_topic_partition_list_new(static_cast<int>(names_.size() + expressions_.size()))};
  for (const std::string& name : names_) rd_kafka_topic_partition_list_add(list.get(), name.c_str(), RD_KAFKA_PARTITION_UA);
  for (const std::string& expression : expressions_)
    rd_kafka_topic_partition_list_add(list.get(), expression.c_str(), RD_KAFKA_PARTITION_UA);
  return list;
}

}  // namespace dispytch::kafka
