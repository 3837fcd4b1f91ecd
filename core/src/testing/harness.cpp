#include <dispytch/testing/harness.hpp>

#include <utility>

#include <dispytch/plugins/memory.h>

#include <nlohmann/json.hpp>

#include "base/virtual_clock.hpp"
#include "border/adapter.hpp"
#include "border/document.hpp"
#include "border/library.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"

namespace dispytch::testing {
namespace {

constexpr std::chrono::milliseconds kNoWait{0};
constexpr std::chrono::milliseconds kDeliveryTimeout{1000};  // of the virtual clock
using nlohmann::json;

}  // namespace

struct Harness::State {
  HandlerGroup group;
  WireForm wire;
  VirtualClock clock = {};
  Providers providers = {};
  std::shared_ptr<border::Adapter> adapter = {};
  EventEmitter emitter{std::shared_ptr<detail::EmitterCore>{}};
  std::unique_ptr<listen::Engine> engine = {};
  std::vector<Failure> failures = {};
  bool stopped = false;

  void open();
  void lend_emitter();
  void listen();
};

Harness::Harness(HandlerGroup group, WireForm wire) : state_{std::make_unique<State>(std::move(group), std::move(wire))} { state_->open(); }
Harness::Harness(Harness&&) noexcept = default;
Harness& Harness::operator=(Harness&&) noexcept = default;
Harness::~Harness() {
  if (state_ && state_->engine && !state_->stopped) (void)state_->engine->drain();
}

void Harness::State::open() {
  const border::Library& library = border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));
  adapter = border::Adapter::open(library, border::config_document(json::object()),
                                  {.application = "harness", .version = "", .clock = &clock}, kNoWait)
                .value();
  auto producer = adapter->open_producer(border::producer_document(json::object(), kDeliveryTimeout), {}, kNoWait).value();
  emitter = EventEmitter{detail::EmitterCore::make(std::move(producer),
                                                   {.name = "harness", .wire = wire, .pumping = emit::Pumping::inline_, .clock = &clock})};
}

// Whatever emitter a handler asks for is the harness's.
void Harness::State::lend_emitter() {
  for (const auto& handler : group.handlers()) {
    for (const detail::Parameter& parameter : handler->parameters) {
      const std::string name{parameter.name};
      if (parameter.type == typeid(EventEmitter) && providers.find(parameter.type, name) == nullptr) providers.lend(name, emitter);
    }
  }
}

void Harness::State::listen() {
  lend_emitter();
  route::Router router = route::wire({group}, providers, {.standard = wire});
  const border::ConsumerDocument document{.topics = router.subscription(), .group = "harness"};
  auto consumer = adapter->open_consumer(border::consumer_document(document), {}, kNoWait).value();
  engine = std::make_unique<listen::Engine>(std::move(consumer), adapter->capabilities(), std::move(router),
                                            listen::EngineOptions{.name = "harness", .quiet = true, .clock = &clock});
}

Providers& Harness::providers() noexcept { return state_->providers; }

EventEmitter& Harness::emitter() { return state_->emitter; }

void Harness::settle() {
  if (state_->stopped) return;
  if (!state_->engine) state_->listen();
  listen::Engine& engine = *state_->engine;
  while (true) {
    const Result<listen::Engine::Step> step = engine.step(kNoWait, {});
    if (!step) {
      if (!engine.failure()) throw Exception{step.error()};
      const listen::Failure& failure = *engine.failure();
      state_->failures.push_back({failure.topic, failure.handler, failure.reason, failure.payload});
      (void)engine.drain();
      state_->stopped = true;
      return;
    }
    if (*step == listen::Engine::Step::idle) return;
  }
}

void Harness::advance(std::chrono::milliseconds by) { state_->clock.advance(by); }

const std::vector<Failure>& Harness::failures() const noexcept { return state_->failures; }

std::uint64_t Harness::handled() const noexcept { return state_->engine ? state_->engine->counters().handled.load() : 0; }

std::uint64_t Harness::unhandled() const noexcept { return state_->engine ? state_->engine->counters().unhandled.load() : 0; }

}  // namespace dispytch::testing
