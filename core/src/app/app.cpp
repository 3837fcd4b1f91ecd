#include <dispytch/app.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <utility>

#include "app/ask_plugin.hpp"
#include "app/command_line.hpp"
#include "app/farewell.hpp"
#include "app/signals.hpp"
#include "app/supervisor.hpp"
#include "app/wiring.hpp"
#include "base/log.hpp"
#include "handle/bind.hpp"
#include "operate/answers.hpp"
#include "operate/control_socket.hpp"
#include "operate/http.hpp"
#include "operate/service_manager.hpp"
#include "operate/watch.hpp"
#include "text/escape.hpp"

namespace dispytch {
namespace {

using std::chrono::milliseconds;

// How long the tasks of an application without listeners may go on after the end was asked for; listeners have their own `drain`.
constexpr milliseconds kTaskPatience{25'000};
constexpr std::chrono::seconds kLook{1};  // between two looks for stuck messages
constexpr milliseconds kLookWhileLeaving{50};

int code(ExitCode exit_code) { return static_cast<int>(exit_code); }

std::string count(std::uint64_t number, const std::string& what) { return std::to_string(number) + " " + what + (number == 1 ? "" : "s"); }

// The names of a section of the config file.
std::string list_names(const auto& section) {
  std::string known;
  for (const auto& [name, unused] : section) known += (known.empty() ? "" : ", ") + name;
  return known.empty() ? "none" : known;
}

const detail::Handler* first_with_context(const std::vector<HandlerGroup>& groups) {
  for (const HandlerGroup& group : groups) {
    for (const auto& handler : group.handlers()) {
      if (std::ranges::any_of(handler->parameters,
                              [](const detail::Parameter& parameter) { return parameter.kind == detail::ParameterKind::context; }))
        return handler.get();
    }
  }
  return nullptr;
}

}  // namespace

struct App::State {
  std::string name;
  std::string version;
  Providers providers = {};
  std::map<std::string, std::vector<HandlerGroup>> listeners = {};
  std::vector<detail::Task> tasks = {};
  std::vector<EmitMiddleware> emit_middleware = {};                               // of all emitters
  std::map<std::string, std::vector<EmitMiddleware>> middleware_of_emitter = {};  // by name
  std::vector<app::ExtraOption> options = {};
  app::CommandLine line = {};

  // Emitters that handlers and tasks ask for stand in `providers` from the check on, empty until they are opened.
  std::map<std::string, EventEmitter*> emitters = {};
  // Of each listener, by names of the config file; empty: none.
  struct EmitterNames {
    std::string own = {};
    std::string dead_letters = {};
  };
  std::map<std::string, EmitterNames> listener_emitters = {};
  std::map<std::string, std::shared_ptr<detail::EmitterCore>> cores = {};  // all that are open
  operate::ServiceManager::Environment service_manager = {};
  app::Signals* signals = nullptr;                       // of main(); null: somebody else asks for the end
  std::optional<app::Signals::PromptEnd> starting = {};  // until listeners and tasks run
  std::optional<app::Signals::PromptEnd> leaving = {};   // from when nothing is in hand any more

  config::Config load() const;
  void want_emitters(const config::Config& config, const std::vector<detail::Parameter>& parameters, std::vector<std::string>& problems);
  EventEmitter* want_emitter(const std::string& of_config, const std::string& as);
  void want_listener_emitters(const config::Config& config, const std::string& listener, std::vector<std::string>& problems);
  const std::shared_ptr<detail::EmitterCore>& open_core(const config::Config& config, const std::string& emitter, app::Backends& backends);
  std::map<std::string, route::Router> check(const config::Config& config);
  ExitCode serve(const config::Config& config, std::map<std::string, route::Router> routers, const std::stop_token& stop);
  void start_tasks(app::Supervisor& supervisor) const;
  bool join(app::Supervisor& supervisor, milliseconds timeout, const std::vector<std::unique_ptr<listen::Engine>>& engines);
  void close_emitters();
  // Returns whether a signal came while the application was still starting.
  bool interrupted(const std::stop_token& stop) const { return starting && stop.stop_requested(); }
  void require_no_interrupt(const std::stop_token& stop) const {
    if (interrupted(stop)) throw Exception{ErrorCode::closed, "interrupted"};
  }
};

App::App(std::string name, std::string version) : state_{std::make_unique<State>()} {
  state_->name = std::move(name);
  state_->version = std::move(version);
}
App::App(App&&) noexcept = default;
App& App::operator=(App&&) noexcept = default;
App::~App() = default;

Providers& App::providers() noexcept { return state_->providers; }

App& App::listen(std::string listener, HandlerGroup group) {
  state_->listeners[std::move(listener)].push_back(std::move(group));
  return *this;
}

App& App::use_for_emits(EmitMiddleware middleware) {
  state_->emit_middleware.push_back(std::move(middleware));
  return *this;
}

App& App::use_for_emits(std::string emitter, EmitMiddleware middleware) {
  state_->middleware_of_emitter[std::move(emitter)].push_back(std::move(middleware));
  return *this;
}

App& App::add_task(detail::Task task) {
  state_->tasks.push_back(std::move(task));
  return *this;
}

App& App::option(std::string name, std::string help, std::string& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, int& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, double& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}
App& App::option(std::string name, std::string help, bool& value) {
  state_->options.push_back({std::move(name), std::move(help), &value});
  return *this;
}

App& App::config(std::string file) {
  state_->line.config = std::move(file);
  return *this;
}

int App::main(int argc, char** argv) {
  const app::Parsed parsed =
      app::parse_command_line(argc, argv, state_->name, state_->version, state_->options, !state_->listeners.empty(), state_->line.config);
  if (parsed.exit_code) return *parsed.exit_code;
  state_->line = parsed.line;
  app::Signals signals;
  state_->signals = &signals;
  const int exit_code = run(signals.token());
  state_->signals = nullptr;
  return exit_code;
}

int App::run(std::stop_token stop) {
  state_->service_manager = operate::ServiceManager::environment_of_this_process();
  if (state_->signals != nullptr) state_->starting.emplace(*state_->signals, code(ExitCode::failed));
  const int exit_code = run_to_the_end(stop);
  state_->starting.reset();
  state_->leaving.reset();
  return exit_code;
}

int App::run_to_the_end(const std::stop_token& stop) {
  try {
    const config::Config config = state_->load();
    log::configure(config.logging.level, config.logging.format);
    auto routers = state_->check(config);
    if (state_->line.check) {
      std::cout << text::printable(config.file.string()) << ": no mistakes found\n";
      return code(ExitCode::done);
    }
    return code(state_->serve(config, std::move(routers), stop));
  } catch (const Exception& exception) {
    if (state_->interrupted(stop)) {
      state_->close_emitters();
      log::error("app", "interrupted before the start was complete; nothing was in hand");
      return code(ExitCode::failed);
    }
    const std::string text = text::printable(exception.what(), text::Layout::lines);
    std::cerr << text << (text.ends_with('\n') ? "" : "\n");
    const bool wrong_setup = exception.error().code == ErrorCode::config || exception.error().code == ErrorCode::invalid;
    return code(wrong_setup ? ExitCode::usage : ExitCode::failed);
  }
}

config::Config App::State::load() const {
  if (line.config.empty()) throw Exception{ErrorCode::config, "no config file was given: use --config FILE, or App::config(file)"};
  config::LoadOptions load_options = app::load_options_of_this_process();
  load_options.judge = app::ask_plugin;
  return config::load_or_throw(line.config, load_options);
}

// ---- checking, before anything is opened ----

std::map<std::string, route::Router> App::State::check(const config::Config& config) {
  std::vector<std::string> problems = providers.conflicts();
  for (const auto& [listener, groups] : listeners) {
    for (const HandlerGroup& group : groups) {
      for (const auto& handler : group.handlers()) want_emitters(config, handler->parameters, problems);
    }
  }
  for (const detail::Task& task : tasks) want_emitters(config, task.parameters, problems);
  for (const auto& [emitter, unused] : middleware_of_emitter) {
    if (config.emitters.contains(emitter)) continue;
    problems.push_back("a middleware is for the emitter `" + emitter +
                       "`, which the config file doesn't have under `emitters`; there are: " + list_names(config.emitters));
  }

  std::map<std::string, route::Router> routers;
  for (const auto& [listener, groups] : listeners) {
    if (!config.listeners.contains(listener)) {
      problems.push_back("the application listens as `" + listener +
                         "`, which the config file doesn't have under `listeners`; there are: " + list_names(config.listeners));
      continue;
    }
    routers.emplace(listener, app::make_router(config, listener, groups, providers, problems));
    want_listener_emitters(config, listener, problems);
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    handle::bind_parameters("task " + std::to_string(i + 1), tasks[i].parameters, providers, problems);
  }
  if (problems.empty()) return routers;
  std::string text;
  for (const std::string& problem : problems) text += config.file.string() + ": " + problem + "\n";
  text += std::to_string(problems.size()) + (problems.size() == 1 ? " error\n" : " errors\n");
  throw Exception{ErrorCode::config, text};
}

// The parameters that are emitters: `Named<"flights", EventEmitter>` is that of the config file, `EventEmitter&` the only one it has.
void App::State::want_emitters(const config::Config& config, const std::vector<detail::Parameter>& parameters,
                               std::vector<std::string>& problems) {
  for (const detail::Parameter& parameter : parameters) {
    if (parameter.kind != detail::ParameterKind::provided || parameter.type != typeid(EventEmitter)) continue;
    const std::string wanted{parameter.name};
    if (providers.find(parameter.type, wanted) != nullptr) continue;
    if (wanted.empty() && config.emitters.size() == 1) {
      want_emitter(config.emitters.begin()->first, {});
    } else if (wanted.empty()) {
      problems.push_back("an EventEmitter& was asked for, but the config file has " +
                         (config.emitters.empty() ? "no emitter" : "several: " + list_names(config.emitters)) +
                         "; ask for one by its name: Named<\"name\", EventEmitter>");
    } else if (config.emitters.contains(wanted)) {
      want_emitter(wanted, wanted);
    } else {
      problems.push_back("the emitter `" + wanted +
                         "` was asked for, which the config file doesn't have under `emitters`; there are: " + list_names(config.emitters));
    }
  }
}

EventEmitter* App::State::want_emitter(const std::string& of_config, const std::string& as) {
  const auto known = emitters.find(of_config);
  if (known != emitters.end()) {  // asked for with and without its name
    providers.lend(as, *known->second);
    return known->second;
  }
  EventEmitter& emitter = providers.add<EventEmitter>(as, std::shared_ptr<detail::EmitterCore>{});
  emitters.emplace(of_config, &emitter);
  return &emitter;
}

// A handler that takes a Context may emit: through the emitter that the listener names, or the only one there is.
void App::State::want_listener_emitters(const config::Config& config, const std::string& listener, std::vector<std::string>& problems) {
  const config::ListenerConfig& configured = config.listeners.at(listener);
  EmitterNames& names = listener_emitters[listener];
  names.dead_letters = configured.dead_letter_emitter;
  names.own = configured.emitter;
  if (!names.own.empty()) return;
  const detail::Handler* const emits = first_with_context(listeners.at(listener));
  if (emits == nullptr) return;
  if (config.emitters.size() == 1) names.own = config.emitters.begin()->first;
  if (config.emitters.size() <= 1) return;
  problems.push_back("handler `" + emits->name + "` takes a Context and may emit, but listener `" + listener +
                     "` doesn't say through which emitter; set its `emitter` to one of: " + list_names(config.emitters));
}

// ---- running ----

const std::shared_ptr<detail::EmitterCore>& App::State::open_core(const config::Config& config, const std::string& emitter,
                                                                  app::Backends& backends) {
  auto& core = cores[emitter];
  if (core) return core;
  std::vector<EmitMiddleware> middleware = emit_middleware;
  if (const auto own = middleware_of_emitter.find(emitter); own != middleware_of_emitter.end()) {
    middleware.insert(middleware.end(), own->second.begin(), own->second.end());
  }
  core = app::open_emitter(config, emitter, backends, std::move(middleware));
  return core;
}

ExitCode App::State::serve(const config::Config& config, std::map<std::string, route::Router> routers, const std::stop_token& stop) {
  app::Backends backends{config, name, version};
  for (auto& [emitter, slot] : emitters) {
    *slot = EventEmitter{open_core(config, emitter, backends)};
    require_no_interrupt(stop);
  }
  std::vector<std::unique_ptr<listen::Engine>> engines;
  milliseconds patience = routers.empty() ? kTaskPatience : milliseconds{0};
  for (auto& [listener, router] : routers) {
    const EmitterNames& names = listener_emitters[listener];
    app::ListenerEmitters through;
    if (!names.own.empty()) through.own = open_core(config, names.own, backends);
    if (!names.dead_letters.empty()) through.dead_letters = open_core(config, names.dead_letters, backends);
    engines.push_back(app::open_listener(config, listener, std::move(router), backends, through));
    require_no_interrupt(stop);
    patience = std::max(patience, config.listeners.at(listener).drain);
  }

  std::vector<listen::Engine*> watched;
  for (const auto& engine : engines) watched.push_back(engine.get());
  std::vector<operate::NamedMetrics> recorded;
  for (const auto& [backend, adapter] : backends.all()) recorded.push_back({backend, &adapter->metrics()});
  operate::Watch watch{std::move(watched), std::move(recorded)};
  operate::ServiceManager systemd{watch, service_manager};
  std::optional<operate::HttpServer> http;
  std::optional<operate::ControlSocket> control;
  if (!config.http_address.empty()) http.emplace(config.http_address, watch);
  if (!config.control_socket.empty()) {
    control.emplace(config.control_socket,
                    [&](std::string_view request, std::string_view who) { return operate::answer(watch, name, request, who); });
  }

  starting.reset();
  std::optional<Error> failure;
  std::uint64_t held = 0;  // at an end for want of anything to do
  app::Farewell farewell{.stop = stop, .patience = patience};
  for (const auto& [emitter, core] : cores) farewell.timeouts.emplace(emitter, config.emitters.at(emitter).timeout);
  const auto unconfirmed = [](std::size_t messages) {
    return std::to_string(messages) + " emitted messages were not confirmed by the broker before the end";
  };
  {
    app::Supervisor supervisor;
    for (const auto& engine : engines) {
      supervisor.start(app::Supervisor::Kind::listener, "listener " + engine->name(),
                       [&engine = *engine](std::stop_token stop_listener) { return engine.run(stop_listener); });
    }
    start_tasks(supervisor);
    log::info("app", name + " started: " + std::to_string(engines.size()) + " listeners, " + std::to_string(cores.size()) + " emitters, " +
                         std::to_string(tasks.size()) + " tasks");

    auto next_look = system_clock().monotonic();
    const auto idle = [&] {
      if (system_clock().monotonic() >= next_look) {
        watch.look();
        systemd.look();
        next_look = system_clock().monotonic() + systemd.interval(kLook);
      }
      if (!line.until_idle || supervisor.tasks_running()) return false;
      const auto now = system_clock().monotonic().count();
      return std::ranges::all_of(engines, [&](const auto& engine) {
        const auto since = engine->counters().idle_since_ns.load(std::memory_order_relaxed);
        return since != 0 && now - since >= std::chrono::nanoseconds{*line.until_idle}.count();
      });
    };
    supervisor.wait(stop, idle);
    if (line.until_idle && !stop.stop_requested()) {
      for (const auto& engine : engines) held += engine->counters().held.load(std::memory_order_relaxed);
    }
    if (stop.stop_requested()) farewell.asked = system_clock().monotonic();
    systemd.stopping(patience + border::kCloseTimeout);
    supervisor.request_stop();
    // Handlers are awaited for `drain`; what the broker takes longer for ends by itself, with an error of its own.
    bool ended = join(supervisor, patience, engines);
    if (!ended && !engines.empty() && std::ranges::all_of(engines, [](const auto& engine) { return engine->draining(); })) {
      ended = join(supervisor, patience + border::kCloseTimeout + milliseconds{1000}, engines);
    }
    failure = supervisor.failure();
    std::string outlived = ended ? "" : supervisor.still_running();
    for (const auto& engine : engines) {  // one that has drained in vain: a worker, or a Completion, is still at it
      if (engine->still_running() == 0) continue;
      outlived += (outlived.empty() ? "" : ", ") + count(engine->still_running(), "message") + " of listener " + engine->name();
    }
    if (!outlived.empty()) {
      farewell.asked = system_clock().monotonic() - patience;
      const std::size_t left = app::bid_farewell(cores, farewell);
      std::uint64_t in_hand = 0;
      for (const auto& engine : engines) in_hand += engine->counters().unfinished.load(std::memory_order_relaxed);
      log::error("app",
                 outlived + " still ran " + std::to_string(patience.count()) + " ms after the end was asked for; ending without it, " +
                     (in_hand > 0 ? count(in_hand, "message") + " in hand: delivered again" : "what it has in hand is delivered again") +
                     (left > 0 ? "; " + unconfirmed(left) : ""));
      std::_Exit(code(ExitCode::still_running));
    }
    if (failure && !farewell.asked) farewell.asked = system_clock().monotonic();
  }
  control.reset();
  http.reset();
  engines.clear();
  const std::size_t left = app::bid_farewell(cores, farewell);
  close_emitters();
  if (!failure && left == 0 && held == 0) {
    log::info("app", name + " ended");
    return ExitCode::done;
  }
  log::error("app", name + " failed" + (left > 0 ? ": " + unconfirmed(left) : "") +
                        (held > 0 ? ": it had nothing more to do, but " + count(held, "message") + " held for a person, not handled" : ""));
  return ExitCode::failed;
}

// As Supervisor::join(). Once nothing is in hand, neither of a listener nor of an emitter, a broker that doesn't answer holds the end up no
// longer.
bool App::State::join(app::Supervisor& supervisor, milliseconds timeout, const std::vector<std::unique_ptr<listen::Engine>>& engines) {
  const auto nothing_in_hand = [&] {
    return !supervisor.tasks_running() && std::ranges::all_of(engines, [](const auto& engine) { return engine->leaving(); }) &&
           std::ranges::all_of(cores, [](const auto& core) { return core.second->unanswered() == 0; });
  };
  const auto end = system_clock().monotonic() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - system_clock().monotonic());
    const bool ended = supervisor.join(std::clamp(left, milliseconds{0}, kLookWhileLeaving));
    const bool failed = supervisor.failure().has_value();
    if (signals != nullptr && !leaving && !failed && nothing_in_hand()) leaving.emplace(*signals, code(ExitCode::done));
    if (ended || left <= milliseconds{0}) return ended;
  }
}

void App::State::start_tasks(app::Supervisor& supervisor) const {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::string who = "task " + std::to_string(i + 1);
    std::vector<std::string> none;
    supervisor.start(app::Supervisor::Kind::task, who,
                     [&task = tasks[i],
                      provided = handle::bind_parameters(who, tasks[i].parameters, providers, none)](std::stop_token stop) -> Result<void> {
                       task.run(provided.data(), std::move(stop));
                       return {};
                     });
  }
}

void App::State::close_emitters() {
  for (auto& [emitter, slot] : emitters) *slot = EventEmitter{std::shared_ptr<detail::EmitterCore>{}};
  cores.clear();
}

}  // namespace dispytch
