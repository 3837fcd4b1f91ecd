#include "options.hpp"

#include <cstdint>

namespace dispytch::memory {
namespace {

constexpr std::int32_t kMaxPartitionsOfTopic = 10'000;  // as schema.json says

// A number of at least 1, checked here as well: a topic of none can hold nothing.
template <class T>
T positive(const plugin::Config& config, const char* name, T otherwise) {
  const T value = config.get<T>(name, otherwise);
  if (value < 1) throw plugin::Exception{config.at(name).error("expected an integer of at least 1")};
  return value;
}

TopicOptions read_topic(const plugin::Config& config, const char* partitions, const TopicOptions& otherwise) {
  const TopicOptions topic{.partitions = positive(config, partitions, otherwise.partitions),
                           .max_messages = positive(config, "max_messages", otherwise.max_messages),
                           .max_bytes = positive(config, "max_bytes", otherwise.max_bytes)};
  if (topic.partitions > kMaxPartitionsOfTopic)
    throw plugin::Exception{config.at(partitions).error("expected an integer of at most 10000")};
  return topic;
}

}  // namespace

Options read_options(const plugin::Config& config) {
  Options options;
  options.broker = config.get("broker", "");
  options.others = read_topic(config, "default_partitions", options.others);
  for (const auto& [name, topic] : config.at("topics").members()) options.topics[name] = read_topic(topic, "partitions", options.others);
  options.auto_create = config.get<bool>("auto_create", options.topics.empty());
  options.rebalance_timeout = config.get<std::chrono::milliseconds>("rebalance_timeout", options.rebalance_timeout);
  if (options.topics.empty() && !options.auto_create) {
    throw plugin::Exception{
        config.at("auto_create").error("a broker without topics is of no use; name them under `topics`, or set auto_create: true")};
  }
  return options;
}

}  // namespace dispytch::memory
