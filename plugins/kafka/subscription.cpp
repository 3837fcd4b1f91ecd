#include "subscription.hpp"

#include <regex.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Exception;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How long one request for metadata may take before it is asked again what may be wrong.
constexpr milliseconds kSlice{250};

// The topics that Kafka keeps for itself, of which an application reads none by accident: its own commits would come as messages.
constexpr std::array<std::string_view, 5> kInternal{"__consumer_offsets", "__transaction_state", "__share_group_state",
                                                    "__cluster_metadata", "__remote_log_metadata"};

// A regular expression as librdkafka reads it.
class Expression {
 public:
  explicit Expression(const std::string& text) : valid_{::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB) == 0} {}
  Expression(Expression&& other) noexcept : compiled_{other.compiled_}, valid_{std::exchange(other.valid_, false)} {}
  Expression& operator=(Expression&&) = delete;
  ~Expression() {
    if (valid_) ::regfree(&compiled_);
  }
  bool matches(const std::string& topic) const { return !valid_ || ::regexec(&compiled_, topic.c_str(), 0, nullptr, 0) == 0; }

 private:
  regex_t compiled_{};
  bool valid_;
};

Exception missing(const std::string& name, const std::string& cluster, rd_kafka_resp_err_t code) {
  return Exception{Error{.code = DISPYTCH_ENOTFOUND, .text = "there is no topic `" + name + "` at " + cluster, .broker_code = code}};
}

void require_exists(const rd_kafka_metadata_topic& topic, const std::string& cluster) {
  const std::string name = std::string{"topic `"} + topic.topic + "`";
  switch (topic.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE: return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: throw missing(topic.topic, cluster, topic.err);
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
}

void Subscription::require_some(const plugin::Config& topics) const {
  if (names_.empty() && expressions_.empty()) throw Exception{topics.error("expected one topic at least")};
}

std::map<std::string, std::int32_t, std::less<>> Subscription::require_topics(rd_kafka_t* client, const std::string& cluster,
                                                                              milliseconds timeout,
                                                                              const std::function<Error()>& trouble) const {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::vector<TopicHandle> local;  // metadata is asked for the topics that have a handle
  for (const std::string& name : names_) local.emplace_back(rd_kafka_topic_new(client, name.c_str(), nullptr));
  for (;;) {
    const auto left = std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(deadline - Clock::now()));
    const rd_kafka_metadata_t* answer = nullptr;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(client, has_patterns() ? 1 : 0, nullptr, &answer, static_cast<int>(std::min(left, kSlice).count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const MetadataHandle metadata{answer};
      std::map<std::string, std::int32_t, std::less<>> there;
      for (const rd_kafka_metadata_topic& topic : std::span{metadata->topics, static_cast<std::size_t>(metadata->topic_cnt)}) {
        if (std::ranges::find(names_, topic.topic) != names_.end()) require_exists(topic, cluster);
        if (topic.partition_cnt > 0) there.emplace(topic.topic, topic.partition_cnt);
      }
      if (!has_patterns()) return there;
      for (const std::string& name : names_) {  // an answer about all topics leaves out those there aren't
        if (!there.contains(name)) throw missing(name, cluster, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
      }
      return there;
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

std::string Subscription::hidden() const {
  std::string list;
  if (!has_patterns()) return list;
  for (const std::string_view topic : kInternal) {
    if (std::ranges::find(names_, topic) == names_.end()) list += (list.empty() ? "^" : ",^") + std::string{topic} + "$";
  }
  return list;
}

bool Subscription::finds_any(const std::map<std::string, std::int32_t, std::less<>>& topics, std::string_view hidden) const {
  if (!names_.empty()) return true;
  std::vector<std::string> excluded;
  for (std::size_t comma = 0; !hidden.empty(); hidden.remove_prefix(std::min(hidden.size(), comma + 1))) {
    comma = std::min(hidden.find(','), hidden.size());
    if (comma > 0) excluded.emplace_back(hidden.substr(0, comma));
  }
  std::vector<Expression> wanted, unwanted;
  for (const std::string& text : expressions_) wanted.emplace_back(text);
  for (const std::string& text : excluded) unwanted.emplace_back(text);
  return std::ranges::any_of(topics, [&](const auto& topic) {
    const auto matches = [&](const Expression& expression) { return expression.matches(topic.first); };
    return std::ranges::none_of(unwanted, matches) && std::ranges::any_of(wanted, matches);
  });
}

PartitionsHandle Subscription::list() const {
  PartitionsHandle list{rd_kafka_topic_partition_list_new(static_cast<int>(names_.size() + expressions_.size()))};
  for (const std::string& name : names_) rd_kafka_topic_partition_list_add(list.get(), name.c_str(), RD_KAFKA_PARTITION_UA);
  for (const std::string& expression : expressions_)
    rd_kafka_topic_partition_list_add(list.get(), expression.c_str(), RD_KAFKA_PARTITION_UA);
  return list;
}

}  // namespace dispytch::kafka
