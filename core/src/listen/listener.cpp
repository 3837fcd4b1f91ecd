#include <dispytch/listener.hpp>

#include <utility>
#include <vector>

#include "border/access.hpp"
#include "handle/bind.hpp"
#include "listen/engine.hpp"

namespace dispytch {

struct EventListener::Wiring {
  std::unique_ptr<border::ConsumerHandle> consumer;
  ListenerOptions options;
  Providers providers = {};
  std::vector<HandlerGroup> groups = {};
};

EventListener::EventListener(Consumer consumer, ListenerOptions options)
    : wiring_{std::make_unique<Wiring>(border::Access::take(std::move(consumer)), std::move(options))} {}
EventListener::EventListener(EventListener&&) noexcept = default;
EventListener& EventListener::operator=(EventListener&&) noexcept = default;
EventListener::~EventListener() = default;

Providers& EventListener::providers() noexcept { return wiring_->providers; }

EventListener& EventListener::include(HandlerGroup group) {
  wiring_->groups.push_back(std::move(group));
  return *this;
}

void EventListener::run(std::stop_token stop) {
  Wiring& wiring = *wiring_;
  if (!wiring.consumer) throw Exception{ErrorCode::invalid, "listener `" + wiring.options.name + "` was run before; make another one"};
  route::Router router = route::wire(wiring.groups, wiring.providers, {.standard = wiring.options.wire});
  const std::uint64_t capabilities = wiring.consumer->adapter().capabilities();
  listen::require_acknowledgement(capabilities, wiring.options.at_most_once, wiring.options.name);
  listen::Engine engine{std::move(wiring.consumer),
                        capabilities,
                        std::move(router),
                        {.name = wiring.options.name, .at_most_once = wiring.options.at_most_once, .drain = wiring.options.drain}};
  engine.run(stop).value();
}

}  // namespace dispytch
