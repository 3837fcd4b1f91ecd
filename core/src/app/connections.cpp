#include "app/connections.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <dispytch/result.hpp>

#include "config/settings.hpp"
#include "handle/bind.hpp"

namespace dispytch::app {
namespace {

// The names of a section of the config file.
std::string list_names(const auto& section) {
  std::string known;
  for (const auto& [name, unused] : section) known += (known.empty() ? "" : ", ") + name;
  return known.empty() ? "none" : known;
}

bool takes(const detail::Handler& handler, detail::ParameterKind kind) {
  return std::ranges::any_of(handler.parameters, [kind](const detail::Parameter& parameter) { return parameter.kind == kind; });
}

bool takes_an_emitter(const detail::Handler& handler) {
  return std::ranges::any_of(handler.parameters, [](const detail::Parameter& parameter) { return parameter.type == typeid(EventEmitter); });
}

// A handler that may emit by its Context without a word about the emitter; null: none does.
const detail::Handler* first_that_emits(const std::vector<HandlerGroup>& groups) {
  for (const HandlerGroup& group : groups) {
    for (const auto& handler : group.handlers()) {
      if (takes(*handler, detail::ParameterKind::context) && !takes_an_emitter(*handler)) return handler.get();
    }
  }
  return nullptr;
}

bool any_takes_context(const std::vector<HandlerGroup>& groups) {
  return std::ranges::any_of(groups, [](const HandlerGroup& group) {
    return std::ranges::any_of(group.handlers(), [](const auto& handler) { return takes(*handler, detail::ParameterKind::context); });
  });
}

}  // namespace

Connections::Connections(Application& application, const config::Config& config) : application_{application}, config_{config} {
  const Settings& settings = application.settings;
  if (settings.table != nullptr) config::read_settings(*settings.table, config.application, settings.object);
}

std::optional<nlohmann::json> settings_schema(const Application& application) {
  return application.settings.table == nullptr ? std::nullopt : std::optional{config::settings_schema(*application.settings.table)};
}

// ---- checking, before anything is opened ----

void Connections::check(const std::function<std::uint64_t(const std::string& backend)>& capabilities) {
  for (const auto& [listener, groups] : application_.listeners) {
    for (const HandlerGroup& group : groups) {
      for (const auto& handler : group.handlers()) want_emitters(handler->parameters);
    }
  }
  for (const NamedTask& task : application_.tasks) want_emitters(task.task.parameters);
  const std::vector<Providers::Entry> provided = application_.providers.entries();  // emitters are added to them
  for (const Providers::Entry& entry : provided) {
    if (entry.factory) want_emitters(entry.factory->parameters);
  }
  for (const auto& [emitter, unused] : application_.middleware_of_emitter) {
    if (config_.emitters.contains(emitter)) continue;
    problem("a middleware is for the emitter `" + emitter +
            "`, which the config file doesn't have under `emitters`; there are: " + list_names(config_.emitters));
  }
  for (const auto& [listener, groups] : application_.listeners) {
    if (!config_.listeners.contains(listener)) {
      problem("the application listens as `" + listener +
              "`, which the config file doesn't have under `listeners`; there are: " + list_names(config_.listeners));
      continue;
    }
    listener_emitters_[listener] = emitters_of(listener);
    const std::string& backend = config_.listeners.at(listener).backend;
    checked_.push_back(assemble::check(spec_of(config_, listener), groups, application_.providers,
                                       capabilities ? capabilities(backend) : claimed_capabilities(config_, backend), problems_));
  }
  std::vector<std::string> found;
  application_.providers.check(found);
  for (const NamedTask& task : application_.tasks) handle::bind_parameters(task.name, task.task.parameters, application_.providers, found);
  for (const std::string& each : found) problem(each);
  if (problems_.empty()) return;
  std::string text;
  for (const std::string& each : problems_) text += each + "\n";
  text += std::to_string(problems_.size()) + (problems_.size() == 1 ? " error\n" : " errors\n");
  throw Exception{ErrorCode::config, text};
}

// The parameters that are emitters: `Named<"flights", EventEmitter>` is that of the config file, `EventEmitter&` the only one it has.
void Connections::want_emitters(const std::vector<detail::Parameter>& parameters) {
  for (const detail::Parameter& parameter : parameters) {
    if (parameter.kind != detail::ParameterKind::provided || parameter.type != typeid(EventEmitter)) continue;
    const std::string wanted{parameter.name};
    if (application_.providers.find(parameter.type, wanted) != nullptr) continue;
    if (wanted.empty() && config_.emitters.size() == 1) {
      want_emitter(config_.emitters.begin()->first, {});
    } else if (wanted.empty()) {
      problem("an EventEmitter& was asked for, but the config file has " +
              (config_.emitters.empty() ? "no emitter" : "several: " + list_names(config_.emitters)) +
              "; ask for one by its name: Named<\"name\", EventEmitter>");
    } else if (config_.emitters.contains(wanted)) {
      want_emitter(wanted, wanted);
    } else {
      problem("the emitter `" + wanted +
              "` was asked for, which the config file doesn't have under `emitters`; there are: " + list_names(config_.emitters));
    }
  }
}

void Connections::want_emitter(const std::string& of_config, const std::string& as) {
  const auto known = application_.slots.find(of_config);
  if (known != application_.slots.end()) {  // asked for with and without its name
    application_.providers.lend(as, *known->second);
  } else {
    application_.slots.emplace(of_config, &application_.providers.add<EventEmitter>(as, std::shared_ptr<detail::EmitterCore>{}));
  }
}

// A handler that takes a Context may emit: through the emitter that the listener names, or the only one there is, or those that the handler
// takes itself.
Connections::EmitterNames Connections::emitters_of(const std::string& listener) {
  const config::ListenerConfig& configured = config_.listeners.at(listener);
  const std::vector<HandlerGroup>& groups = application_.listeners.at(listener);
  EmitterNames names{.own = configured.emitter, .dead_letters = configured.dead_letter_emitter};
  if (!names.own.empty() || config_.emitters.empty()) return names;
  if (config_.emitters.size() == 1) {
    if (any_takes_context(groups)) names.own = config_.emitters.begin()->first;
  } else if (const detail::Handler* const emits = first_that_emits(groups)) {
    problem("handler `" + emits->name + "` takes a Context and may emit, but listener `" + listener +
            "` doesn't say through which emitter; set its `emitter` to one of: " + list_names(config_.emitters) +
            ", or let the handler take the emitter and name it: context.emit(emitter, event)");
  }
  return names;
}

// ---- opening ----

const std::shared_ptr<detail::EmitterCore>& Connections::open_emitter(const std::string& emitter, Backends& backends,
                                                                      const Opening& opening) {
  auto& core = cores_[emitter];
  if (core) return core;
  std::vector<EmitMiddleware> middleware = application_.emit_middleware;
  if (const auto own = application_.middleware_of_emitter.find(emitter); own != application_.middleware_of_emitter.end()) {
    middleware.insert(middleware.end(), own->second.begin(), own->second.end());
  }
  core = app::open_emitter(config_, emitter, backends, std::move(middleware), opening.emitters);
  return core;
}

void Connections::open(Backends& backends, const Opening& opening) {
  const auto between = [&opening] {
    if (opening.between) opening.between();
  };
  for (auto& [emitter, slot] : application_.slots) {
    *slot = EventEmitter{open_emitter(emitter, backends, opening)};
    between();
  }
  application_.providers.make();
  for (assemble::CheckedListener& listener : checked_) {
    const std::string name = listener.spec.name;
    const EmitterNames& names = listener_emitters_.at(name);
    if (!names.own.empty()) listener.spec.emitters.own = open_emitter(names.own, backends, opening);
    if (!names.dead_letters.empty()) listener.spec.emitters.dead_letters = open_emitter(names.dead_letters, backends, opening);
    engines_.push_back(
        app::open_listener(config_, std::move(listener), backends, opening.listeners ? opening.listeners(name) : assemble::Replacements{}));
    between();
  }
  checked_.clear();
}

void Connections::close_emitters() {
  for (auto& [emitter, slot] : application_.slots) *slot = EventEmitter{std::shared_ptr<detail::EmitterCore>{}};
  cores_.clear();
}

}  // namespace dispytch::app
