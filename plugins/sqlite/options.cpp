#include "options.hpp"

#include <cstdint>

namespace dispytch::sqlite {
namespace {

constexpr std::int32_t kMaxPartitions = 10'000;  // as schema.json says
constexpr std::int64_t kLeastSize = 1 << 20;

// A number of at least 1, checked here as well: a topic of none can hold nothing.
template <class T>
T positive(const plugin::Config& config, const char* name, T otherwise) {
  const T value = config.get<T>(name, otherwise);
  if (value < T{1}) throw plugin::Exception{config.at(name).error("expected at least 1")};
  return value;
}

std::chrono::milliseconds duration(const plugin::Config& config, const char* name, std::chrono::milliseconds otherwise) {
  return positive(config, name, otherwise);
}

TopicOptions read_topic(const plugin::Config& config, const char* partitions, const TopicOptions& otherwise) {
  TopicOptions topic = otherwise;
  topic.partitions = positive(config, partitions, otherwise.partitions);
  if (topic.partitions > kMaxPartitions) throw plugin::Exception{config.at(partitions).error("expected at most 10000")};
  if (const plugin::Config retention = config.at("retention")) topic.retention.handled = retention.as<std::string>() == "handled";
  if (const auto time = config.get<std::int64_t>("retention_time")) topic.retention.time_ms = time;
  if (const auto bytes = config.get<std::int64_t>("retention_bytes")) topic.retention.max_bytes = bytes;
  return topic;
}

}  // namespace

Options read_options(const plugin::Config& config) {
  Options options;
  options.path = config.get("path", "");
  if (options.path.empty()) throw plugin::Exception{config.at("path").error("expected the path of the file that is the broker")};
  if (options.path.starts_with("file:") || options.path == ":memory:") {
    throw plugin::Exception{
        config.at("path").error("expected the path of a file, found a name that is special to SQLite; for a broker in "
                                "memory use `plugin: memory`")};
  }
  options.durable = config.get("durability", "full") != "normal";
  options.others = read_topic(config, "default_partitions", options.others);
  for (const auto& [name, topic] : config.at("topics").members()) options.topics[name] = read_topic(topic, "partitions", options.others);
  options.auto_create = config.get<bool>("auto_create", options.topics.empty());
  options.max_size = config.get<std::int64_t>("max_size");
  if (options.max_size && *options.max_size < kLeastSize) throw plugin::Exception{config.at("max_size").error("expected at least 1MiB")};
  options.busy_timeout = duration(config, "busy_timeout", options.busy_timeout);
  options.commit_interval = config.get<std::chrono::milliseconds>("commit_interval", options.commit_interval);
  options.session_timeout = duration(config, "session_timeout", options.session_timeout);
  options.rebalance_timeout = duration(config, "rebalance_timeout", options.rebalance_timeout);
  options.queue_messages = positive(config, "queue_messages", options.queue_messages);
  options.queue_bytes = positive(config, "queue_bytes", options.queue_bytes);
  options.max_message_bytes = positive(config, "max_message_bytes", options.max_message_bytes);
  options.allow_network_file_system = config.get("allow_network_file_system", false);
  if (options.topics.empty() && !options.auto_create) {
    throw plugin::Exception{
        config.at("auto_create").error("a broker without topics is of no use; name them under `topics`, or set auto_create: true")};
  }
  return options;
}

}  // namespace dispytch::sqlite
