// Finds the handlers of a message by its topic and its event type.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <dispytch/wire.hpp>

#include "border/document.hpp"
#include "handle/bind.hpp"
#include "topic/pattern.hpp"
#include "topic/wire_forms.hpp"

namespace dispytch::route {

/// A handler of one topic, with the topic's segments cut out for its parameters.
struct Target {
  const handle::BoundHandler* handler = nullptr;
  std::vector<std::string_view> segments = {};  ///< by parameter; into TopicRoutes::topic
};

/// The handlers of one event type of a topic. Empty targets: nobody wants it.
struct TypeRoute {
  std::string type = {};
  std::vector<Target> targets = {};

  /// The handler of batches that is the type's only one; nullptr: they are handled one by one.
  const handle::BoundHandler* of_batches() const noexcept {
    return targets.size() == 1 && targets.front().handler->takes_batches() ? targets.front().handler : nullptr;
  }
};

/// All that is known of a topic once a message of it has been seen.
struct TopicRoutes {
  std::string topic = {};
  WireForm wire = {};
  bool reads_type = false;      ///< a handler wants events: the payload is opened to find the type
  bool finishes_later = false;  ///< a handler takes a Completion
  bool batches = false;         ///< a handler takes batches
  /// Of messages that don't say their type: the topic's only handler of events; null: there are several, or none.
  const handle::BoundHandler* only_of_events = nullptr;
  /// The same: what all handlers of events say of what can't be decoded; null: they disagree, or there are none.
  const policy::Policy* undecodable = nullptr;
  const TypeRoute* only = nullptr;    ///< set where the payload says nowhere of which type it is, and there is one only
  std::vector<Target> any_type = {};  ///< of handlers that take every message, undecoded
  std::vector<TypeRoute> types = {};  ///< few: compared one after another

  /// nullptr: no handler for that type.
  const TypeRoute* find(std::string_view type) const noexcept {
    for (const TypeRoute& route : types) {
      if (route.type == type) return &route;
    }
    return nullptr;
  }
};

/// Immutable but for its memory of topics seen. One thread at a time.
class Router {
 public:
  struct Wires {
    WireForm standard = {};                         ///< the backend's
    std::map<std::string, WireForm> by_topic = {};  ///< by name or pattern
  };

  /// Mistakes in the wiring become sentences in `problems`; a router with any must not be used.
  Router(std::vector<handle::BoundHandler> handlers, Wires wires, std::vector<std::string>& problems);
  Router(Router&&) = default;

  /// Finds the provided objects of all handlers, once those are made that factories make. Before the first routes().
  void find_provided(const Providers& providers) {
    for (Entry& entry : entries_) handle::find_provided(entry.handler, providers);
  }

  /// The routes of a topic; the same reference as long as topics repeat.
  const TopicRoutes& routes(std::string_view topic) {
    if (last_ != nullptr && last_->topic == topic) return *last_;
    return look_up(topic);
  }

  /// Routes that were replaced stay until this is called: when no message is left that may point to them.
  void forget_replaced() noexcept {
    if (!replaced_.empty()) replaced_.clear();
  }

  /// All handlers of batches. Valid as long as the router that it is moved into last.
  std::vector<const handle::BoundHandler*> of_batches() const;

  /// The topics and patterns of all handlers, each once: what to subscribe to.
  std::vector<border::ConsumerDocument::Topic> subscription() const;

  /// Handlers whose circuit breaker is open. Any thread.
  std::size_t open_breakers() const;

  /// A handler that lets messages that wait for long go back to the broker; empty: none does.
  std::string_view requeueing_handler() const noexcept;

 private:
  const TopicRoutes& look_up(std::string_view topic);
  TopicRoutes resolve(std::string_view topic) const;
  void check(std::vector<std::string>& problems) const;

  // A subscription by pattern may see topics without end; beyond this many the memory starts anew.
  static constexpr std::size_t kTopicsRemembered = 4096;

  struct Entry {
    topic::Pattern pattern;
    handle::BoundHandler handler;
  };
  std::vector<Entry> entries_;
  std::vector<topic::Pattern> topics_;
  WireForm standard_wire_;
  topic::WireForms topic_wires_;
  std::unordered_map<std::string_view, std::unique_ptr<TopicRoutes>> seen_;  // keys view the routes' own topic
  std::vector<std::unique_ptr<TopicRoutes>> replaced_;
  const TopicRoutes* last_ = nullptr;
};

/// Binds and routes all handlers of some groups, for tests of what is below the assembler. Throws Exception with every mistake.
Router wire(const std::vector<HandlerGroup>& groups, const Providers& providers, Router::Wires wires,
            const handle::Surroundings& surroundings = {});

}  // namespace dispytch::route
