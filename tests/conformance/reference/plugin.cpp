// The plugin of the reference broker: what a careful plugin does when connections break, and, where its option `mistake` says so, one thing
// that a careless one does.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "reference/consumer.hpp"
#include "reference/link.hpp"
#include "reference/mistakes.hpp"
#include "reference/producer.hpp"

namespace dispytch::reference {
namespace {

using std::chrono::milliseconds;

plugin::Error refused(const Frame& answer) {
  const std::string code = answer.at("error");
  return {.code = code == "topic"   ? DISPYTCH_ENOTFOUND
                  : code == "range" ? DISPYTCH_EINVAL
                                    : DISPYTCH_EUNAVAILABLE,
          .text = answer.at("text")};
}

class Backend {
 public:
  Backend(plugin::Host /*host*/, const plugin::Config& config)
      : address_{config.get("address", "127.0.0.1:7000"), config.get("password", "right"), config.get("mistake", "")} {
    if (address_.text.find(':') == std::string::npos) throw plugin::Exception{config.at("address").error("expected HOST:PORT")};
    const auto& known = mistakes();
    const bool made = std::any_of(known.begin(), known.end(), [&](const Mistake& one) { return one.name == address_.mistake; });
    if (!address_.mistake.empty() && !made) throw plugin::Exception{config.at("mistake").error("no such mistake")};
    if (address_.mistake == "changes_a_signal") std::signal(SIGUSR2, SIG_IGN);
  }

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config& options, plugin::Opening opening) {
    const auto queue = options.at("config").get("queue", std::size_t{1000});
    return std::make_unique<Producer>(address_, queue, milliseconds{options.get("timeout_ms", std::int64_t{30'000})}, opening.notify);
  }

  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening) {
    Membership membership{.group = options.require<std::string>("group"),
                          .start = options.get("start", "earliest"),
                          .ephemeral = options.get("ephemeral", false)};
    for (const plugin::Config& topic : options.at("topics").elements()) {
      if (topic.at("pattern")) return topic.at("pattern").error("patterns are not matched; name the topics");
      membership.topics.push_back(topic.require<std::string>("name"));
    }
    if (address_.mistake == "reads_the_first_topic_alone") membership.topics.resize(1);
    auto consumer = std::make_unique<Consumer>(address_, std::move(membership), opening.notify);
    plugin::Status joined = consumer->join(opening.timeout);
    if (!joined.ok()) return joined.error();
    return consumer;
  }

  plugin::Result<std::vector<plugin::Range>> ranges(std::string_view topic, std::string_view group, milliseconds timeout) {
    const Frame answer = ask(address_, {{"do", "ranges"}, {"topic", std::string{topic}}, {"group", std::string{group}}}, timeout);
    if (answer.contains("error")) return refused(answer);
    plugin::Range range{.low = answer.at("low"), .high = answer.at("high")};
    if (answer.contains("stored")) range.stored = answer["stored"].get<std::int64_t>();
    return std::vector<plugin::Range>{range};
  }
  plugin::Status delete_up_to(std::span<const plugin::Source> sources, milliseconds timeout) {
    for (const plugin::Source& source : sources) {
      const Frame answer = ask(address_, {{"do", "delete"}, {"topic", source.topic}, {"offset", source.offset.value_or(0)}}, timeout);
      if (answer.contains("error")) return refused(answer);
    }
    return {};
  }

 private:
  const Address address_;
};

constexpr const char* kSchema = R"({"$defs": {
  "backend": {"type": "object", "additionalProperties": false, "properties": {
    "address": {"type": "string", "description": "HOST:PORT of the broker.", "default": "127.0.0.1:7000"},
    "password": {"type": "string", "writeOnly": true, "description": "The broker's password.", "default": "right"},
    "mistake": {"type": "string", "description": "The mistake that the plugin makes; for tests of the kit.", "default": ""}}},
  "producer": {"type": "object", "additionalProperties": false, "properties": {
    "queue": {"type": "integer", "minimum": 1, "default": 1000, "description": "How many messages may wait for their confirmation."}}},
  "consumer": {"type": "object", "additionalProperties": false},
  "topic": {"type": "object", "additionalProperties": false}}})";

}  // namespace
}  // namespace dispytch::reference

using namespace dispytch::plugin;  // the names of the capabilities
using dispytch::reference::kSchema;
DISPYTCH_PLUGIN(dispytch::reference::Backend, .id = "reference", .version = "1.0.0", .license = "Apache-2.0",
                .capabilities = {keys, headers, null_headers, groups, ack_each, order_by_source, order_by_key, count_attempts, ephemeral,
                                 persist, idempotent_produce},
                .config_schema = kSchema)
