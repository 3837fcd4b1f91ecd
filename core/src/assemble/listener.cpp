#include <dispytch/listener.hpp>

#include <utility>
#include <vector>

#include "assemble/assemble.hpp"
#include "assemble/spec_of_options.hpp"
#include "border/access.hpp"

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
  assemble::ListenerSpec spec = assemble::spec_of(wiring.options, wiring.consumer->adapter());
  assemble::assemble(std::move(spec), wiring.groups, wiring.providers, std::move(wiring.consumer))->run(stop).value();
}

}  // namespace dispytch
