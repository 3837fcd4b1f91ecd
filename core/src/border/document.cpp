#include "border/document.hpp"

#include <dispytch/result.hpp>

#include "text/escape.hpp"
#include "text/json_pointer.hpp"

namespace dispytch::border {

using nlohmann::json;

namespace {

// Finds the pointer to a text that is no UTF-8, without the text, which may be secret.
std::string find_bad_text(const json& part, const std::string& pointer) {
  if (part.is_string()) {
    const auto& string = part.get_ref<const std::string&>();
    return text::valid_utf8(string) == string ? "" : pointer;
  }
  if (!part.is_structured()) return "";
  for (const auto& [name, value] : part.items()) {
    if (text::valid_utf8(name) != name) return pointer + " (a name in it)";
    std::string inner = pointer;
    text::append_step(inner, name);
    if (std::string found = find_bad_text(value, inner); !found.empty()) return found;
  }
  return "";
}

// JSON text is UTF-8. A config file is; what is written in code, or on a command line, may be something else.
std::string dump(const json& document) {
  if (const std::string bad = find_bad_text(document, ""); !bad.empty()) {
    throw Exception{ErrorCode::invalid, bad + ": expected UTF-8, as all names and options are for a broker; found bytes that are none"};
  }
  return document.dump();
}

}  // namespace

std::string config_document(const json& config) { return dump(json{{"config", config}}); }

std::string producer_document(const json& config, std::chrono::milliseconds delivery_timeout) {
  return dump(json{{"config", config}, {"timeout_ms", delivery_timeout.count()}});
}

std::string declare_document(const json& config, json producers, json consumers) {
  return dump(json{{"config", config}, {"producers", std::move(producers)}, {"consumers", std::move(consumers)}});
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
  if (document.ephemeral) all["ephemeral"] = true;
  if (!document.instance.empty()) all["instance"] = document.instance;
  return dump(all);
}

}  // namespace dispytch::border
