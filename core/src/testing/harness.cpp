#include <dispytch/testing/harness.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <dispytch/plugins/memory.h>

#include <nlohmann/json.hpp>

#include "app/connections.hpp"
#include "app/state.hpp"
#include "app/wiring.hpp"
#include "assemble/assemble.hpp"
#include "assemble/spec_of_options.hpp"
#include "base/virtual_clock.hpp"
#include "border/adapter.hpp"
#include "border/document.hpp"
#include "border/library.hpp"
#include "config/load.hpp"
#include "emit/emitter_core.hpp"
#include "listen/engine.hpp"

namespace dispytch::testing {
namespace {

constexpr std::chrono::milliseconds kNoWait{0};
constexpr std::chrono::milliseconds kDeliveryTimeout{1000};  // of the virtual clock
using nlohmann::json;

// Notes what goes to the dead letters on its way there.
class NotedDeadLetters final : public listen::DeadLetters {
 public:
  NotedDeadLetters(std::unique_ptr<listen::DeadLetters> next, std::vector<OutgoingMessage>& noted)
      : next_{std::move(next)}, noted_{noted} {}
  std::string_view topic_template() const noexcept override { return next_->topic_template(); }
  void send(const OutgoingMessage& message, Done done) override {
    noted_.push_back(message);
    next_->send(message, std::move(done));
  }

 private:
  std::unique_ptr<listen::DeadLetters> next_;
  std::vector<OutgoingMessage>& noted_;
};

const border::Library& memory() {
  static const border::Library& library = border::adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));
  return library;
}

// The options of other plugins are taken as they are: no broker's client is needed for a test.
Result<config::PluginInfo> describe_plugin(std::string_view plugin) {
  json schema = plugin == memory().id() ? json::parse(memory().schema())
                                        : json{{"$defs",
                                                {{"backend", {{"type", "object"}}},
                                                 {"producer", {{"type", "object"}}},
                                                 {"consumer", {{"type", "object"}}},
                                                 {"topic", {{"type", "object"}}}}}};
  return config::PluginInfo{.id = std::string{plugin}, .schema = std::move(schema), .capabilities = memory().capabilities()};
}

config::Config load(const auto& app, const ConfigSource& source) {
  const std::string& named = app.line.config;
  config::LoadOptions options;
  options.application = app::settings_schema(app.application);
  options.plugin = [](std::string_view plugin, const auto&) { return describe_plugin(plugin); };
  if (!source.text.empty()) {
    config::Loaded loaded = config::load_text(source.text, source.file.empty() ? "config.yaml" : source.file, options);
    if (!loaded) throw Exception{ErrorCode::config, config::report(loaded.error())};
    return std::move(*loaded);
  }
  const std::string& file = source.file.empty() ? named : source.file;
  if (file.empty())
    throw Exception{ErrorCode::config, "Harness: the application has no config; give one, or name its file by App::config()"};
  return config::load_or_throw(file, options);
}

}  // namespace

struct Harness::State {
  VirtualClock clock = {};
  std::vector<Failure> failures = {};
  std::vector<OutgoingMessage> dead_letters = {};

  // Listeners of groups with options.
  Providers own_providers = {};
  struct Wanted {
    std::vector<HandlerGroup> groups;
    ListenerOptions options;
  };
  std::vector<Wanted> wanted = {};

  // An application.
  std::optional<App> app = {};
  std::optional<config::Config> config = {};
  std::optional<app::Backends> backends = {};
  std::optional<app::Connections> connections = {};

  std::map<std::string, std::shared_ptr<border::Adapter>> adapters = {};  // without a config: one, by the empty name
  std::map<std::string, EventEmitter> emitters = {};                      // the harness's own, by backend
  std::vector<std::unique_ptr<listen::Engine>> listeners = {};
  std::vector<const listen::Engine*> stopped = {};
  bool opened = false;

  app::Application& application() { return app::Access::state(*app).application; }
  Providers& providers() { return app ? application().providers : own_providers; }
  const std::shared_ptr<border::Adapter>& adapter(const std::string& backend);
  EventEmitter& emitter(const std::string& backend);
  EventEmitter& only_emitter();
  assemble::Replacements replacements(const std::string& listener);
  void lend_emitter(const std::vector<detail::Parameter>& parameters);
  void open();
  void open_groups();
  void open_application();
  bool step_all();
  bool is_stopped(const listen::Engine& listener) const { return std::ranges::find(stopped, &listener) != stopped.end(); }
  template <class Count>
  std::uint64_t sum(Count count) const {
    std::uint64_t all = 0;
    for (const auto& listener : listeners) all += count(*listener);
    return all;
  }
};

Harness::Harness() : state_{std::make_unique<State>()} {}
Harness::Harness(HandlerGroup group, ListenerOptions options) : Harness{} { listen(std::move(group), std::move(options)); }
Harness::Harness(App app, ConfigSource source) : Harness{} {
  state_->app.emplace(std::move(app));
  state_->config.emplace(load(app::Access::state(*state_->app), source));
  state_->backends.emplace(*state_->config, "harness", "", &memory(), state_->clock);
  state_->connections.emplace(state_->application(), *state_->config);
}
Harness::Harness(Harness&&) noexcept = default;
Harness& Harness::operator=(Harness&&) noexcept = default;
Harness::~Harness() {
  if (!state_) return;
  for (const auto& listener : state_->listeners) {
    if (!state_->is_stopped(*listener)) (void)listener->drain();
  }
  state_->listeners.clear();
  if (state_->connections) state_->connections->close_emitters();
}

Harness& Harness::listen(HandlerGroup group, ListenerOptions options) {
  if (state_->app || state_->opened) {
    throw Exception{ErrorCode::invalid, state_->app ? "Harness::listen: the application has the listeners; add them there"
                                                    : "Harness::listen: the listeners are open already; add them before settle()"};
  }
  const auto known = std::ranges::find(state_->wanted, options.name, [](const State::Wanted& one) { return one.options.name; });
  if (known != state_->wanted.end()) {
    throw Exception{ErrorCode::invalid, "Harness::listen: there is a listener `" + options.name + "` already; give this one another name"};
  }
  state_->wanted.push_back({{std::move(group)}, std::move(options)});
  return *this;
}

const std::shared_ptr<border::Adapter>& Harness::State::adapter(const std::string& backend) {
  if (backends) return backends->open(backend);
  auto& adapter = adapters[backend];
  if (!adapter) {
    adapter = border::Adapter::open(memory(), border::config_document(json::object()),
                                    {.application = "harness", .version = "", .clock = &clock}, kNoWait)
                  .value();
  }
  return adapter;
}

EventEmitter& Harness::State::emitter(const std::string& backend) {
  if (const auto known = emitters.find(backend); known != emitters.end()) return known->second;
  emit::CoreOptions options{.name = "harness", .pumping = emit::Pumping::inline_, .clock = &clock};
  if (config) {
    options.wire = config->backends.at(backend).wire;
    options.topic_wire = config->backends.at(backend).topic_wire;
  } else if (!wanted.empty()) {
    options.wire = wanted.front().options.wire;
  }
  auto producer = adapter(backend)->open_producer(border::producer_document(json::object(), kDeliveryTimeout), {}, kNoWait).value();
  return emitters.emplace(backend, EventEmitter{detail::EmitterCore::make(std::move(producer), std::move(options))}).first->second;
}

EventEmitter& Harness::State::only_emitter() {
  if (!config) return emitter({});
  if (config->backends.size() == 1) return emitter(config->backends.begin()->first);
  throw Exception{ErrorCode::invalid, "Harness: the config has " + std::to_string(config->backends.size()) +
                                          " backends; say which one by emitter_at(\"name\")"};
}

assemble::Replacements Harness::State::replacements(const std::string& listener) {
  return {.clock = &clock,
          .executor = [](std::uint32_t) { return nullptr; },
          .dead_letters = [this](std::unique_ptr<listen::DeadLetters> next) -> std::unique_ptr<listen::DeadLetters> {
            return std::make_unique<NotedDeadLetters>(std::move(next), dead_letters);
          },
          .failed =
              [this, listener](const listen::Failure& failure) {
                failures.push_back({listener, failure.topic, failure.handler, failure.reason, failure.payload});
              },
          .quiet = true};
}

// Whatever emitter a handler or a factory asks for is the harness's.
void Harness::State::lend_emitter(const std::vector<detail::Parameter>& parameters) {
  for (const detail::Parameter& parameter : parameters) {
    const std::string name{parameter.name};
    if (parameter.type == typeid(EventEmitter) && own_providers.find(parameter.type, name) == nullptr) {
      own_providers.lend(name, only_emitter());
    }
  }
}

void Harness::State::open_groups() {
  for (const Wanted& one : wanted) {
    for (const HandlerGroup& group : one.groups) {
      for (const auto& handler : group.handlers()) lend_emitter(handler->parameters);
    }
  }
  const std::vector<Providers::Entry> provided = own_providers.entries();  // emitters are added to them
  for (const Providers::Entry& entry : provided) {
    if (entry.factory) lend_emitter(entry.factory->parameters);
  }
  const auto& backend = adapter({});
  std::vector<std::string> problems;
  own_providers.check(problems);
  std::vector<assemble::CheckedListener> checked;
  for (const Wanted& one : wanted) {
    ListenerOptions options = one.options;
    if (!options.emitter) options.emitter = only_emitter();
    assemble::ListenerSpec spec = assemble::spec_of(options, *backend);
    spec.group = options.name;
    checked.push_back(assemble::check(std::move(spec), one.groups, own_providers, backend->capabilities(), problems));
  }
  assemble::throw_if_any(problems);
  own_providers.make();
  for (assemble::CheckedListener& listener : checked) {
    assemble::Replacements with = replacements(listener.spec.name);
    listeners.push_back(assemble::open(std::move(listener), *backend, kNoWait, std::move(with)).value());
  }
}

void Harness::State::open_application() {
  connections->check([](const std::string&) { return memory().capabilities(); });
  connections->open(*backends, {.emitters = {.pumping = emit::Pumping::inline_, .clock = &clock},
                                .listeners = [this](const std::string& listener) { return replacements(listener); }});
  listeners = std::move(connections->listeners());
}

void Harness::State::open() {
  if (opened) return;
  if (app) {
    open_application();
  } else {
    open_groups();
  }
  opened = true;
}

// One step of each listener. Returns whether any had something to do.
bool Harness::State::step_all() {
  bool busy = false;
  for (const auto& listener : listeners) {
    if (is_stopped(*listener)) continue;
    const Result<listen::Engine::Step> step = listener->step(kNoWait, {});
    if (step) {
      busy = busy || *step != listen::Engine::Step::idle;
    } else {
      if (!listener->failure()) throw Exception{step.error()};
      (void)listener->drain();
      stopped.push_back(listener.get());
    }
  }
  return busy;
}

Providers& Harness::providers() noexcept { return state_->providers(); }

EventEmitter& Harness::emitter() { return state_->only_emitter(); }

EventEmitter& Harness::emitter_at(const std::string& backend) {
  if (!state_->config || !state_->config->backends.contains(backend)) {
    throw Exception{ErrorCode::invalid, "Harness::emitter_at: the config has no backend `" + backend + "`"};
  }
  return state_->emitter(backend);
}

void Harness::settle() {
  State& state = *state_;
  state.open();
  while (true) {
    if (state.step_all()) continue;
    std::optional<std::chrono::nanoseconds> due;
    for (const auto& listener : state.listeners) {
      if (!state.is_stopped(*listener)) due = listen::Deadlines::earlier(due, listener->next_attempt_due());
    }
    if (!due) return;
    const auto now = state.clock.monotonic();
    if (*due > now) state.clock.advance(*due - now);
  }
}

void Harness::advance(std::chrono::milliseconds by) { state_->clock.advance(by); }

const std::vector<Failure>& Harness::failures() const noexcept { return state_->failures; }

const std::vector<OutgoingMessage>& Harness::dead_letters() const noexcept { return state_->dead_letters; }

std::uint64_t Harness::handled() const noexcept {
  return state_->sum([](const listen::Engine& listener) { return listener.counters().handled.load(); });
}

std::uint64_t Harness::handled(std::string_view name) const noexcept {
  return state_->sum([name](const listen::Engine& listener) { return listener.name() == name ? listener.counters().handled.load() : 0; });
}

std::uint64_t Harness::unhandled() const noexcept {
  return state_->sum([](const listen::Engine& listener) { return listener.counters().unhandled.load(); });
}

std::uint64_t Harness::held() const noexcept {
  return state_->sum([](const listen::Engine& listener) { return listener.counters().held.load(); });
}

}  // namespace dispytch::testing
