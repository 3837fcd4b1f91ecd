// What a config needs at the server: part of Admin.
#include <array>
#include <set>
#include <utility>

#include "admin.hpp"
#include "command.hpp"
#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Config;
using plugin::Finding;

}  // namespace

void Admin::declare_stream(const std::string& topic, const std::string& pointer, bool make, std::vector<Finding>& findings) {
  const Reply type = session_.require({"TYPE", topic}, "asking for key `" + topic + "`");
  if (text(*type) == "stream") return;
  if (text(*type) != "none") {
    findings.push_back({.kind = DISPYTCH_DIFFERS,
                        .object = "key `" + topic + "`",
                        .setting = "type",
                        .found = std::string{text(*type)},
                        .wanted = "stream",
                        .pointer = pointer});
    return;
  }
  if (make) {
    // A stream is made empty with a group; nothing else makes one.
    constexpr const char* kMaker = "dispytch:maker";
    session_.require({"XGROUP", "CREATE", topic, kMaker, "0", "MKSTREAM"}, "making stream `" + topic + "`");
    session_.require({"XGROUP", "DESTROY", topic, kMaker}, "making stream `" + topic + "`");
  }
  findings.push_back({.kind = DISPYTCH_MISSING,
                      .can_make = true,
                      .made = make,
                      .object = "stream `" + topic + "`",
                      .wanted = "empty",
                      .pointer = pointer});
}

void Admin::declare_group(const std::string& topic, const std::string& group, const std::string& start, const std::string& pointer,
                          bool make, std::vector<Finding>& findings) {
  const Reply groups = session_.ask({"XINFO", "GROUPS", topic});
  for (const redisReply* row : elements(*groups)) {
    if (text(member(*row, "name")) == group) return;
  }
  if (start == "stored") {
    findings.push_back({.kind = DISPYTCH_MISSING,
                        .object = "group `" + group + "` of stream `" + topic + "`",
                        .wanted = "a position, as `start: stored` says",
                        .pointer = pointer});
    return;
  }
  if (make)
    session_.require({"XGROUP", "CREATE", topic, group, start == "latest" ? "$" : "0"},
                     "making group `" + group + "` of stream `" + topic + "`");
  findings.push_back({.kind = DISPYTCH_MISSING,
                      .can_make = true,
                      .made = make,
                      .object = "group `" + group + "` of stream `" + topic + "`",
                      .wanted = start == "latest" ? "from the end on" : "from the beginning on",
                      .pointer = pointer});
}

// A server that evicts keys deletes whole streams when its memory is full.
void Admin::look_for_eviction(std::vector<Finding>& findings) {
  const Reply info = session_.ask({"INFO", "memory"});
  if (is_error(*info)) return;  // the user may not ask
  const std::string_view all = text(*info);
  constexpr std::string_view kName = "maxmemory_policy:";
  const std::size_t at = all.find(kName);
  if (at == std::string_view::npos) return;
  const std::string policy{all.substr(at + kName.size(), all.find_first_of("\r\n", at) - at - kName.size())};
  const bool harmless = policy == "noeviction" || policy.starts_with("volatile-");  // streams have no time to live
  if (harmless) return;
  findings.push_back(
      {.kind = DISPYTCH_DIFFERS, .object = "the server", .setting = "maxmemory-policy", .found = policy, .wanted = "noeviction"});
}

std::vector<Finding> Admin::declare(const Config& document, bool make) {
  std::vector<Finding> findings;
  look_for_eviction(findings);
  std::set<std::string> streams;
  std::set<std::pair<std::string, std::string>> groups;  // with their streams
  std::size_t index = 0;
  for (const Config& producer : document.at("producers").elements()) {
    std::size_t number = 0;
    for (const Config& topic : producer.at("topics").elements()) {
      const std::string pointer = "/producers/" + std::to_string(index) + "/topics/" + std::to_string(number++);
      const auto name = topic.as<std::string>();
      if (streams.insert(name).second) declare_stream(name, pointer, make, findings);
    }
    ++index;
  }
  index = 0;
  for (const Config& consumer : document.at("consumers").elements()) {
    const std::string at = "/consumers/" + std::to_string(index++);
    const std::string group = consumer.get("group", "");
    std::size_t number = 0;
    for (const Config& topic : consumer.at("topics").elements()) {
      const std::string pointer = at + "/topics/" + std::to_string(number++) + "/name";
      if (!topic.at("name")) continue;
      const auto name = topic.require<std::string>("name");
      if (streams.insert(name).second) declare_stream(name, pointer, make, findings);
      if (!group.empty() && groups.emplace(name, group).second) {
        declare_group(name, group, consumer.get("start", "earliest"), at + "/group", make, findings);
      }
    }
  }
  return findings;
}

}  // namespace dispytch::redis
