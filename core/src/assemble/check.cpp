#include "assemble/assemble.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/log.hpp"
#include "policy/delivery_options.hpp"
#include "topic/name_template.hpp"
#include "topic/pattern.hpp"

namespace dispytch::assemble {
namespace {

using Topics = std::vector<border::ConsumerDocument::Topic>;

const std::string& text_of(const border::ConsumerDocument::Topic& topic) { return topic.pattern.empty() ? topic.name : topic.pattern; }

// An expression that begins with ^ is the broker's own, which only the broker can judge.
bool is_the_brokers(const border::ConsumerDocument::Topic& topic) { return topic.pattern.starts_with('^'); }

std::string list(const Topics& topics) {
  std::string names;
  for (const auto& topic : topics) names += (names.empty() ? "" : ", ") + text_of(topic);
  return names;
}

class Check {
 public:
  Check(const ListenerSpec& spec, std::vector<std::string>& problems)
      : spec_{spec}, problems_{problems}, prefix_{(spec.place.empty() ? "listener `" + spec.name + "`" : spec.place) + ": "} {}

  void add(const std::string& problem) { problems_.push_back(prefix_ + problem); }

  void bounds() {
    const Limits& limits = spec_.delivery.limits;
    const auto at_least_one = [&](std::uint64_t value, const char* name) {
      if (value == 0) add(std::string{name} + " is 0, so that nothing could ever be handled; it must be at least 1");
    };
    at_least_one(spec_.delivery.concurrency, "`concurrency`");
    at_least_one(limits.messages, "`limits.messages`");
    at_least_one(limits.bytes, "`limits.bytes`");
    at_least_one(limits.span, "`limits.span`");
    at_least_one(limits.lane, "`limits.lane`");
    ends_without_dead_letters();
  }

  void handler_topics(const std::vector<HandlerGroup>& groups) {
    if (spec_.topics.empty()) return;
    for (const HandlerGroup& group : groups) {
      for (const auto& handler : group.handlers()) {
        const topic::Pattern pattern{handler->topic};
        const bool inside = std::ranges::any_of(
            spec_.topics, [&](const auto& topic) { return is_the_brokers(topic) || pattern.overlaps(topic::Pattern{text_of(topic)}); });
        if (!inside)
          add("handler `" + handler->name + "` listens to topic `" + handler->topic + "`, which is not among the topics of listener `" +
              spec_.name + "`: " + list(spec_.topics));
      }
    }
  }

  void dead_letters(const Topics& read) {
    if (!spec_.dead_letters) return;
    const std::string& topic = spec_.dead_letters->topic;
    const std::vector<std::string> mistakes = topic::template_problems(topic);
    const std::string where = "`dead_letter.topic`, \"" + topic + "\": ";
    for (const std::string& mistake : mistakes) add(std::string{where}.append(mistake));
    if (topic.empty()) add("`dead_letter.topic` is empty; write one, such as `{topic}.dlq`");
    if (topic.find("{group}") != std::string::npos && spec_.group.empty())
      add("`dead_letter.topic`, \"" + topic + "\": the listener has no group to fill in for `{group}`; `{listener}` is its name");
    if (mistakes.empty() && spec_.dead_letters->same_backend) dead_letters_stay_away(read);
  }

  // `return dead_letter()` asks for what isn't there: the message is held, and its lane with it. Who said what is done of failures knows.
  void warn_of_missing_dead_letters(const std::vector<HandlerGroup>& groups) const {
    if (spec_.dead_letters || spec_.delivery.policy.on_failure) return;
    std::string handlers;
    for (const HandlerGroup& group : groups) {
      for (const auto& handler : group.handlers()) {
        if (!handler->says_outcomes || handler->policy.on_failure) continue;
        handlers += (handlers.empty() ? "`" : ", `") + handler->name + "`";
      }
    }
    if (handlers.empty()) return;
    log::warning("listener." + spec_.name,
                 "has no dead letters, so a message of which a handler says dead_letter() is held, and its lane waits until a person lets "
                 "it go. That may be said by: " +
                     handlers + ". Give the listener a `dead_letter`, or say `on_failure` to show that this is meant");
  }

 private:
  void ends_without_dead_letters() {
    if (spec_.dead_letters) return;
    const auto needs_them = [&](bool said, const char* name) {
      if (said)
        add(std::string{name} +
            " is `dead_letter`, but the listener has no `dead_letter` that says where to; add one, or choose another end");
    };
    needs_them(spec_.delivery.on_unhandled == OnUnhandled::dead_letter, "`on_unhandled`");
    needs_them(spec_.delivery.on_tombstone == OnTombstone::dead_letter, "`on_tombstone`");
  }

  // The listener must not read what it sends to its dead letters itself: each would fail anew, for ever.
  void dead_letters_stay_away(const Topics& topics) {
    std::vector<topic::Pattern> read;
    for (const auto& topic : topics) {
      if (!is_the_brokers(topic)) read.emplace_back(text_of(topic));
    }
    for (const topic::Pattern& from : read) {
      const std::string letters =
          topic::fill_in(spec_.dead_letters->topic, {.topic = from.text(), .listener = spec_.name, .group = spec_.group});
      const topic::Pattern to{letters};
      const auto again = std::ranges::find_if(read, [&](const topic::Pattern& pattern) { return pattern.overlaps(to); });
      if (again == read.end()) continue;
      add("listener `" + spec_.name + "` would send the dead letters of topic `" + std::string{from.text()} + "` to `" + letters +
          "`, which it reads itself as `" + std::string{again->text()} + "`; write another `dead_letter.topic`");
      return;
    }
  }

  const ListenerSpec& spec_;
  std::vector<std::string>& problems_;
  std::string prefix_;
};

}  // namespace

CheckedListener check(ListenerSpec spec, const std::vector<HandlerGroup>& groups, const Providers& providers, std::uint64_t capabilities,
                      std::vector<std::string>& problems) {
  spec.delivery.limits.lane = std::min(spec.delivery.limits.lane, spec.delivery.limits.messages);
  Check checking{spec, problems};
  checking.bounds();
  std::vector<std::string> found;
  std::vector<handle::BoundHandler> handlers;
  for (const HandlerGroup& group : groups) {
    for (const auto& handler : group.handlers()) {
      handlers.push_back(handle::bind(*handler, providers, found,
                                      {.policy = spec.delivery.policy,
                                       .dead_letters = spec.dead_letters.has_value(),
                                       .in_place_max = spec.delivery.in_place_max,
                                       .unfinished = spec.delivery.limits.messages,
                                       .can_requeue = policy::can_requeue(capabilities)}));
    }
  }
  route::Router router{std::move(handlers), spec.wire, found};
  for (const std::string& problem : found) checking.add(problem);
  checking.handler_topics(groups);
  checking.dead_letters(spec.topics.empty() ? router.subscription() : spec.topics);
  checking.warn_of_missing_dead_letters(groups);
  return {.spec = std::move(spec), .router = std::move(router), .providers = &providers};
}

void throw_if_any(const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
  throw Exception{ErrorCode::config, text};
}

}  // namespace dispytch::assemble
