#include "operate/answers.hpp"

#include <cstdint>
#include <limits>

#include <nlohmann/json.hpp>

#include "operate/figures.hpp"
#include "text/escape.hpp"

namespace dispytch::operate {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }
std::string refuse(const std::string& why) { return dump({{"error", why}}); }

ordered_json describe(const listen::Unfinished& one) {
  ordered_json json{{"topic", text::valid_utf8(one.topic)}};
  if (one.partition >= 0) json["partition"] = one.partition;
  if (one.offset >= 0) json["offset"] = one.offset;
  if (!one.id.empty()) json["id"] = text::valid_utf8(one.id);
  if (!one.key.empty()) json["key"] = text::valid_utf8(one.key);
  if (!one.handler.empty()) json["handler"] = one.handler;
  json["age_ms"] = one.age.count();
  json["attempts"] = one.attempts;
  json["waits_for"] = one.waits_for;
  if (!one.reason.empty()) json["reason"] = text::valid_utf8(one.reason);
  return json;
}

ordered_json describe(const listen::Lag& one) {
  ordered_json json{{"topic", text::valid_utf8(one.topic)}};
  if (one.partition >= 0) json["partition"] = one.partition;
  json["messages"] = one.messages;
  if (one.oldest_age) json["oldest_ms"] = one.oldest_age->count();
  return json;
}

std::string status(Watch& watch, std::string_view application) {
  ordered_json listeners = ordered_json::array();
  for (const Report& report : watch.ask()) {
    ordered_json listener{{"listener", report.listener}};
    if (!report.group.empty()) listener["group"] = report.group;
    listener["answers"] = report.answered;
    for (const Figure& figure : figures()) listener[figure.name] = (report.counters->*figure.value).load(std::memory_order_relaxed);
    listener["open_breakers"] = report.open_breakers;
    listener["oldest"] = ordered_json::array();
    for (const listen::Unfinished& one : report.unfinished) listener["oldest"].push_back(describe(one));
    listener["lag"] = ordered_json::array();
    for (const listen::Lag& one : report.lag) listener["lag"].push_back(describe(one));
    listeners.push_back(std::move(listener));
  }
  return dump({{"ok", {{"application", application}, {"unready", watch.unready()}, {"listeners", std::move(listeners)}}}});
}

std::string skip(Watch& watch, const ordered_json& request, std::string_view who) {
  const auto is_text = [&](const char* key) { return request.contains(key) && request[key].is_string(); };
  const auto is_whole = [&](const char* key) { return request.contains(key) && request[key].is_number_integer(); };
  const bool by_id = is_text("id");
  if (!is_text("listener") || !is_text("topic") || (!by_id && (!is_whole("partition") || !is_whole("offset")))) {
    return refuse("skip wants `listener` and `topic` as texts, and `partition` and `offset` as whole numbers, or `id` as a text");
  }
  if (by_id) {
    const Result<void> skipped =
        watch.skip(request["listener"].get<std::string>(), request["topic"].get<std::string>(), request["id"].get<std::string>(), who);
    return skipped ? dump({{"ok", ordered_json::object()}}) : refuse(skipped.error().text);
  }
  const auto partition = request["partition"].get<std::int64_t>();
  if (partition < 0 || partition > std::numeric_limits<std::int32_t>::max())
    return refuse("no partition has the number " + std::to_string(partition));
  const Result<void> skipped = watch.skip(request["listener"].get<std::string>(), request["topic"].get<std::string>(),
                                          static_cast<std::int32_t>(partition), request["offset"].get<std::int64_t>(), who);
  return skipped ? dump({{"ok", ordered_json::object()}}) : refuse(skipped.error().text);
}

}  // namespace

std::string answer(Watch& watch, std::string_view application, std::string_view request, std::string_view who) {
  const ordered_json json = ordered_json::parse(request, nullptr, false);
  if (!json.is_object() || !json.contains("do") || !json["do"].is_string()) {
    return refuse(
        R"(a request is one line of JSON: {"do":"status"}, or {"do":"skip","listener":...,"topic":...,"partition":...,"offset":...})");
  }
  const std::string what = json["do"].get<std::string>();
  if (what == "status") return status(watch, application);
  if (what == "skip") return skip(watch, json, who);
  return refuse("there is no request `" + what + "`; there are: status, skip");
}

}  // namespace dispytch::operate
