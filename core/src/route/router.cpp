#include "route/router.hpp"

#include <algorithm>
#include <utility>

namespace dispytch::route {
namespace {

// A flat payload without a place for its type: only the topic can tell.
bool says_no_type(const WireForm& wire) { return wire.layout == WireForm::Layout::flat && wire.type_from == WireForm::TypeFrom::none; }

}  // namespace

Router::Router(std::vector<handle::BoundHandler> handlers, Wires wires, std::vector<std::string>& problems)
    : standard_wire_{std::move(wires.standard)}, topic_wires_{wires.by_topic} {
  for (handle::BoundHandler& handler : handlers) {
    topic::Pattern pattern{handler.handler->topic};
    if (std::ranges::none_of(topics_, [&](const topic::Pattern& known) { return known.text() == pattern.text(); }))
      topics_.push_back(pattern);
    entries_.push_back({std::move(pattern), std::move(handler)});
  }
  check(problems);
}

void Router::check(std::vector<std::string>& problems) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (std::size_t j = i + 1; j < entries_.size(); ++j) {
      const detail::Handler& one = *entries_[i].handler.handler;
      const detail::Handler& other = *entries_[j].handler.handler;
      if (!entries_[i].pattern.overlaps(entries_[j].pattern)) continue;
      const bool meet = one.event == nullptr || other.event == nullptr || one.event->type == other.event->type;
      if (meet && (one.gathers || other.gathers)) {
        problems.push_back("handler `" + (one.gathers ? one : other).name + "` takes batches, and `" + (one.gathers ? other : one).name +
                           "` would get the same messages; a handler of batches is the only one of its topic and type: put one of them " +
                           "into a listener of its own, or write one handler that does both");
      }
      if (one.event == nullptr || other.event == nullptr) continue;
      const auto wire_of = [this](const Entry& entry) -> const WireForm& {
        if (entry.handler.handler->event->wire != nullptr) return *entry.handler.handler->event->wire;
        const WireForm* configured = topic_wires_.find(entry.pattern.text());
        return configured == nullptr ? standard_wire_ : *configured;
      };
      const std::string both = "handlers `" + one.name + "` and `" + other.name + "`";
      if (wire_of(entries_[i]) != wire_of(entries_[j])) {
        problems.push_back(both + " share a topic, but their events have different wire forms; a topic has one");
      } else if (one.event->type != other.event->type && says_no_type(wire_of(entries_[i]))) {
        problems.push_back(
            both + " share a topic whose flat messages say nowhere of which type they are; set the topic's `wire.type` in the config file");
      }
    }
  }
}

std::vector<const handle::BoundHandler*> Router::of_batches() const {
  std::vector<const handle::BoundHandler*> handlers;
  for (const Entry& entry : entries_) {
    if (entry.handler.takes_batches()) handlers.push_back(&entry.handler);
  }
  return handlers;
}

std::vector<border::ConsumerDocument::Topic> Router::subscription() const {
  std::vector<border::ConsumerDocument::Topic> subscription;
  for (const topic::Pattern& topic : topics_) {
    auto& entry = subscription.emplace_back();
    (topic.is_exact() ? entry.name : entry.pattern) = topic.text();
  }
  return subscription;
}

std::string_view Router::requeueing_handler() const noexcept {
  const auto found = std::ranges::find_if(entries_, [](const Entry& entry) { return entry.handler.policy.requeues; });
  return found == entries_.end() ? std::string_view{} : found->handler.handler->name;
}

std::size_t Router::open_breakers() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const Entry& entry) { return entry.handler.gate && entry.handler.gate->open(); }));
}

const TopicRoutes& Router::look_up(std::string_view topic) {
  auto found = seen_.find(topic);
  if (found == seen_.end()) {
    if (seen_.size() >= kTopicsRemembered) {
      for (auto& [name, old] : seen_) replaced_.push_back(std::move(old));
      seen_.clear();
    }
    auto routes = std::make_unique<TopicRoutes>(resolve(topic));
    const std::string_view key = routes->topic;  // the segments view it too: cut once it lies where it stays
    const auto cut = [&](Target& target) {
      target.segments.assign(target.handler->handler->parameters.size(), {});
      const topic::Pattern pattern{target.handler->handler->topic};
      for (std::size_t i = 0; i < target.segments.size(); ++i) {
        const detail::Parameter& parameter = target.handler->handler->parameters[i];
        if (parameter.kind == detail::ParameterKind::segment) target.segments[i] = pattern.segment(key, parameter.name).value_or("");
      }
    };
    std::ranges::for_each(routes->any_type, cut);
    for (TypeRoute& route : routes->types) std::ranges::for_each(route.targets, cut);
    if (says_no_type(routes->wire) && routes->types.size() == 1) routes->only = &routes->types.front();
    found = seen_.emplace(key, std::move(routes)).first;
  }
  last_ = found->second.get();
  return *last_;
}

TopicRoutes Router::resolve(std::string_view topic) const {
  TopicRoutes routes{.topic = std::string{topic}, .wire = standard_wire_};
  if (const WireForm* configured = topic_wires_.find(topic)) routes.wire = *configured;
  for (const Entry& entry : entries_) {
    if (!entry.pattern.matches(topic)) continue;
    routes.finishes_later = routes.finishes_later || entry.handler.handler->finishes_later;
    routes.batches = routes.batches || entry.handler.takes_batches();
    const detail::EventType* event = entry.handler.handler->event;
    if (event == nullptr) {
      routes.any_type.push_back({&entry.handler});
      continue;
    }
    const policy::Policy& policy = entry.handler.policy;
    if (!routes.reads_type) {
      routes.only_of_events = &entry.handler;
      routes.undecodable = &policy;
    } else {
      routes.only_of_events = nullptr;
      if (routes.undecodable != nullptr && routes.undecodable->on_undecodable != policy.on_undecodable) routes.undecodable = nullptr;
    }
    routes.reads_type = true;
    if (event->wire != nullptr) routes.wire = *event->wire;
    auto route = std::ranges::find(routes.types, event->type, &TypeRoute::type);
    if (route == routes.types.end()) route = routes.types.insert(route, TypeRoute{.type = std::string{event->type}});
    route->targets.push_back({&entry.handler});
  }
  return routes;
}

Router wire(const std::vector<HandlerGroup>& groups, const Providers& providers, Router::Wires wires,
            const handle::Surroundings& surroundings) {
  std::vector<std::string> problems;
  providers.check(problems);
  std::vector<handle::BoundHandler> handlers;
  for (const HandlerGroup& group : groups) {
    for (const auto& handler : group.handlers()) handlers.push_back(handle::bind(*handler, providers, problems, surroundings));
  }
  Router router{std::move(handlers), std::move(wires), problems};
  if (problems.empty()) {
    router.find_provided(providers);
    return router;
  }
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
  throw Exception{ErrorCode::config, text};
}

}  // namespace dispytch::route
