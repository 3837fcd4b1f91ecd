#include "kit/preflight.hpp"

#include <cstdint>
#include <utility>

#include "kit/scene.hpp"

namespace dispytch::conformance {
namespace {

Outcome open_consumer(Scene& scene, const std::string& topic) {
  dispytch_consumer* out = nullptr;
  const Outcome outcome =
      Consumer::try_open(scene.adapter(), scene.consumer_json({.topic = topic}), scene.host.new_cookie(), scene.options.patience, &out);
  if (out != nullptr) {
    dispytch_error ignored = empty_error();
    scene.plugin.consumer->close(out, 5000, &ignored);
  }
  return outcome;
}

bool is_missing(Scene& scene, const std::string& topic) {
  if (scene.plugin.consumer != nullptr) return open_consumer(scene, topic).status == DISPYTCH_ENOTFOUND;
  Message message = scene.message(0);
  message.topic = topic;
  const auto producer = scene.producer();
  const Sent sent = producer->send({message}, 1);
  if (sent.accepted == 0) return sent.outcome.status == DISPYTCH_ENOTFOUND;
  return producer->await_reports(1, scene.options.patience).front().code == DISPYTCH_ENOTFOUND;
}

}  // namespace

Verdict look_before(const dispytch_plugin& plugin, const Options& options) {
  try {
    Scene scene{plugin, options};
    dispytch_adapter* adapter = nullptr;
    const Outcome opened = Adapter::try_open(plugin, *scene.host.raw(), scene.backend_json(), options.patience, &adapter);
    if (opened.status == DISPYTCH_EUNAVAILABLE || opened.status == DISPYTCH_EAUTH) {
      return {Verdict::Kind::failed, "no rule was tried, as the backend can't be opened with the kit's config: " + to_string(opened)};
    }
    if (!opened.ok()) return {};
    dispytch_error ignored = empty_error();
    plugin.close(adapter, 5000, &ignored);
    for (const auto& [key, topic] :
         {std::pair{"topic", options.topic}, {"second_topic", options.second_topic}, {"bounded_topic", options.bounded_topic}}) {
      if (!topic.empty() && is_missing(scene, topic)) {
        return {Verdict::Kind::failed,
                say("no rule was tried, as the topic `", topic, "` doesn't exist at the broker: create it, or name one that exists as `",
                    key, "` in the kit's config", std::string_view{key} == "topic" ? " or by --topic" : "")};
      }
    }
  } catch (const std::exception&) {
    return {};  // the rules say it better
  }
  return {};
}

}  // namespace dispytch::conformance
