#include "border/document.hpp"

namespace dispytch::border {

using nlohmann::json;

std::string config_document(const json& config) { return json{{"config", config}}.dump(); }

std::string producer_document(const json& config, std::chrono::milliseconds delivery_timeout) {
  return json{{"config", config}, {"timeout_ms", delivery_timeout.count()}}.dump();
}

std::string consumer_document(const ConsumerDocument& document) {
  json topics = json::array();
  for (const ConsumerDocument::Topic& topic : document.topics) {
    json entry{{"config", topic.config}};
    entry[topic.pattern.empty() ? "name" : "pattern"] = topic.pattern.empty() ? topic.name : topic.pattern;
    topics.push_back(std::move(entry));
  }
  json all{{"topics", std::move(topics)}, {"start", document.start}, {"config", document.config}};
  if (!document.group.empty()) all["group"] = document.group;
  if (document.max_unsettled > 0) all["max_unsettled"] = document.max_unsettled;
  if (document.drain.count() > 0) all["drain_ms"] = document.drain.count();
  return all.dump();
}

}  // namespace dispytch::border
