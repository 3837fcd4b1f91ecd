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

// Keeps what would go to the dead letters' topic.
class Collected final : public listen::DeadLetters {
 public:
  explicit Collected(std::vector<OutgoingMessage>& letters) : letters_{letters} {}
  std::string_view topic_template() const noexcept override { return "{topic}.dlq"; }
  void send(const OutgoingMessage& message, Done done) override {
    letters_.push_back(message);
    done(Receipt{});
  }

 private:
  std::vector<OutgoingMessage>& letters_;
};

}  // namespace

struct Harness::State {
  HandlerGroup group;
  WireForm wire;
  VirtualClock clock = {};
  Providers providers = {};
  std::shared_ptr<border::Adapter> adapter = {};
  std::shared_ptr<detail::EmitterCore> emitter_core = {};
  EventEmitter emitter{emitter_core};
  std::unique_ptr<listen::Engine> engine = {};
  std::vector<Failure> failures = {};
  std::vector<OutgoingMessage> dead_letters = {};
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
  emitter_core =
      detail::EmitterCore::make(std::move(producer), {.name = "harness", .wire = wire, .pumping = emit::Pumping::inline_, .clock = &clock});
  emitter = EventEmitter{emitter_core};
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
  route::Router router = route::wire({group}, providers, {.standard = wire},
                                     {.dead_letters = true, .can_requeue = policy::can_requeue(adapter->capabilities())});
  const border::ConsumerDocument document{.topics = router.subscription(), .group = "harness"};
  auto consumer = adapter->open_consumer(border::consumer_document(document), {}, kNoWait).value();
  listen::EngineOptions options{.name = "harness",
                                .group = "harness",
                                .quiet = true,
                                .clock = &clock,
                                .emitter = emitter_core,
                                .failed = [this](const listen::Failure& failure) {
                                  failures.push_back({failure.topic, failure.handler, failure.reason, failure.payload});
                                }};
  options.dead_letters = std::make_unique<Collected>(dead_letters);
  engine = std::make_unique<listen::Engine>(std::move(consumer), adapter->capabilities(), std::move(router), std::move(options));
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
      (void)engine.drain();
      state_->stopped = true;
      return;
    }
    if (*step != listen::Engine::Step::idle) continue;
    const auto due = engine.next_attempt_due();
    if (!due) return;
    const auto now = state_->clock.monotonic();
    if (*due > now) state_->clock.advance(*due - now);
  }
}

void Harness::advance(std::chrono::milliseconds by) { state_->clock.advance(by); }

const std::vector<Failure>& Harness::failures() const noexcept { return state_->failures; }

const std::vector<OutgoingMessage>& Harness::dead_letters() const noexcept { return state_->dead_letters; }

std::uint64_t Harness::handled() const noexcept { return state_->engine ? state_->engine->counters().handled.load() : 0; }

std::uint64_t Harness::unhandled() const noexcept { return state_->engine ? state_->engine->counters().unhandled.load() : 0; }

}  // namespace dispytch::testing
