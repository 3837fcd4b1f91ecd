#include "assemble/dead_letter_topics.hpp"

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "border/admin.hpp"
#include "topic/name_template.hpp"

namespace dispytch::assemble {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5'000};  // with all topics together

}  // namespace

std::vector<std::string> dead_letter_topics(const DeadLetterRoute& route) {
  const bool by_topic = route.topic_template.find("{topic}") != std::string::npos;
  std::vector<std::string> topics;
  for (const border::ConsumerDocument::Topic& from : route.from) {
    if (from.name.empty() && by_topic) continue;  // a pattern's topics are not known yet
    std::string topic = topic::fill_in(route.topic_template, {.topic = from.name, .listener = route.listener, .group = route.group});
    if (std::ranges::find(topics, topic) == topics.end()) topics.push_back(std::move(topic));
  }
  return topics;
}

void warn_of_missing_dead_letter_topics(const DeadLetterRoute& route, const detail::EmitterCore& emitter) {
  const Result<border::Admin> admin = border::Admin::of(emitter.adapter().shared_from_this());
  if (!admin) return;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (const std::string& topic : dead_letter_topics(route)) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds{0}) return;
    const auto ranges = admin->ranges(topic, {}, left);
    if (ranges || ranges.error().code != ErrorCode::not_found || ranges.error().retriable) continue;
    log::warning("listener." + route.listener, "its dead letters go to topic `" + topic +
                                                   "`, which doesn't exist: what can't be handled waits until somebody creates it (" +
                                                   ranges.error().text + ")");
  }
}

}  // namespace dispytch::assemble
