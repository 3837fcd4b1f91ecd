#include <dispytch/listener.hpp>

#include <utility>
#include <vector>

#include "assemble/dead_letter_topics.hpp"
#include "assemble/requirements.hpp"
#include "border/access.hpp"
#include "emit/access.hpp"
#include "handle/bind.hpp"
#include "listen/engine.hpp"
#include "listen/pool.hpp"

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
  const ListenerOptions& said = wiring.options;
  const std::uint64_t capabilities = wiring.consumer->adapter().capabilities();
  route::Router router =
      route::wire(wiring.groups, wiring.providers, {.standard = said.wire},
                  {.policy = said.policy, .dead_letters = said.dead_letter.has_value(), .can_requeue = policy::can_requeue(capabilities)});
  assemble::require_acknowledgement(capabilities, said.at_most_once, said.name);
  assemble::require_order(capabilities, said.ordering, said.name);
  assemble::require_requeueing(capabilities, router, said.ordering, said.name);
  assemble::require_dead_letters(said.on_tombstone, said.dead_letter.has_value(), said.name);
  listen::EngineOptions options{
      .name = said.name,
      .at_most_once = said.at_most_once,
      .drain = said.drain,
      .delivery = {.ordering = said.ordering, .concurrency = said.concurrency, .policy = said.policy, .on_tombstone = said.on_tombstone}};
  if (said.emitter) options.emitter = detail::EmitterAccess::core(*said.emitter);
  if (said.dead_letter) {
    assemble::warn_of_missing_dead_letter_topics(
        {.listener = said.name, .topic_template = said.dead_letter->topic, .from = router.subscription()},
        *detail::EmitterAccess::core(said.dead_letter->emitter));
    options.dead_letters = listen::dead_letters_through(detail::EmitterAccess::core(said.dead_letter->emitter), said.dead_letter->topic);
  }
  if (said.concurrency > 1) options.executor = std::make_unique<listen::Pool>(said.concurrency);
  listen::Engine engine{std::move(wiring.consumer), capabilities, std::move(router), std::move(options)};
  engine.run(stop).value();
}

}  // namespace dispytch
