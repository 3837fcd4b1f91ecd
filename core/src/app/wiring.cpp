#include "app/wiring.hpp"

#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "border/document.hpp"
#include "border/library.hpp"

namespace dispytch::app {
namespace {

using nlohmann::json;

// A plugin's refusal of its own options is a mistake of the file; anything else is the world's.
[[noreturn]] void refuse(const config::Config& config, config::Section section, const std::string& name, const Error& error) {
  if (error.code == ErrorCode::config) {
    throw Exception{ErrorCode::config, config::to_string(config::plugin_problem(config, section, name, error))};
  }
  throw Exception{error};
}

std::string place_of(const config::Config& config, const std::string& listener) {
  const config::Position at = config.positions.key("/listeners/" + listener);
  return config.file.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": listeners." + listener;
}

}  // namespace

const std::shared_ptr<border::Adapter>& Backends::open(const std::string& name) {
  auto& adapter = adapters_[name];
  if (adapter) return adapter;
  const config::BackendConfig& backend = config_->backends.at(name);
  const border::Library* library = instead_;
  if (library == nullptr) library = border::load(backend.plugin, {.config_paths = config_->plugin_paths}).value();
  auto opened = border::Adapter::open(*library, border::config_document(options(name, backend.config)),
                                      {.application = application_, .version = version_, .clock = clock_}, kOpenTimeout);
  if (!opened) refuse(*config_, config::Section::backends, name, opened.error());
  adapter = std::move(*opened);
  return adapter;
}

json Backends::options(const std::string& backend, const json& written) const {
  const bool for_another = instead_ != nullptr && config_->backends.at(backend).plugin != instead_->id();
  return for_another ? json::object() : written;
}

std::shared_ptr<detail::EmitterCore> open_emitter(const config::Config& config, const std::string& name, Backends& backends,
                                                  std::vector<EmitMiddleware> middleware, EmitterReplacements replacements) {
  const config::EmitterConfig& emitter = config.emitters.at(name);
  const config::BackendConfig& backend = config.backends.at(emitter.backend);
  auto producer =
      backends.open(emitter.backend)
          ->open_producer(border::producer_document(backends.options(emitter.backend, emitter.config), emitter.timeout), {}, kOpenTimeout);
  if (!producer) refuse(config, config::Section::emitters, name, producer.error());
  return detail::EmitterCore::make(std::move(*producer), {.name = name,
                                                          .timeout = emitter.timeout,
                                                          .wire = backend.wire,
                                                          .topic_wire = backend.topic_wire,
                                                          .middleware = std::move(middleware),
                                                          .pumping = replacements.pumping,
                                                          .clock = replacements.clock});
}

assemble::ListenerSpec spec_of(const config::Config& config, const std::string& name) {
  const config::ListenerConfig& listener = config.listeners.at(name);
  const config::BackendConfig& backend = config.backends.at(listener.backend);
  assemble::ListenerSpec spec{.name = name,
                              .group = listener.group,
                              .start = listener.start,
                              .instance = listener.instance,
                              .wire = {.standard = backend.wire, .by_topic = backend.topic_wire},
                              .at_most_once = listener.at_most_once,
                              .delivery = listener.handling,
                              .drain = listener.drain,
                              .config = listener.config,
                              .place = place_of(config, name)};
  for (const config::TopicConfig& topic : listener.topics)
    spec.topics.push_back({.name = topic.name, .pattern = topic.pattern, .config = topic.config});
  if (!config.control_socket.empty()) spec.skip_command = "dispytch skip --config " + config.file.string();
  if (!listener.dead_letter_emitter.empty())
    spec.dead_letters = {.topic = listener.dead_letter_topic,
                         .same_backend = config.emitters.at(listener.dead_letter_emitter).backend == listener.backend};
  return spec;
}

std::uint64_t claimed_capabilities(const config::Config& config, const std::string& backend) {
  const Result<const border::Library*> library = border::load(config.backends.at(backend).plugin, {.config_paths = config.plugin_paths});
  return library ? (*library)->table().capabilities : 0;  // one that can't be loaded is said when it is opened
}

std::unique_ptr<listen::Engine> open_listener(const config::Config& config, assemble::CheckedListener listener, Backends& backends,
                                              assemble::Replacements replacements) {
  const std::string name = listener.spec.name;
  const std::string& backend = config.listeners.at(name).backend;
  const auto& adapter = backends.open(backend);
  listener.spec.config = backends.options(backend, listener.spec.config);
  for (auto& topic : listener.spec.topics) topic.config = backends.options(backend, topic.config);
  auto engine = assemble::open(std::move(listener), *adapter, kOpenTimeout, std::move(replacements));
  if (!engine) refuse(config, config::Section::listeners, name, engine.error());
  return std::move(*engine);
}

config::LoadOptions load_options_of_this_process() {
  config::LoadOptions options;
  options.plugin = [](std::string_view plugin, const std::vector<std::filesystem::path>& paths) -> Result<config::PluginInfo> {
    const Result<const border::Library*> library = border::load(plugin, {.config_paths = paths});
    if (!library) return library.error();
    const dispytch_plugin& table = (*library)->table();
    json schema = json::parse(table.config_schema, nullptr, false);
    if (schema.is_discarded()) {
      return Error{.code = ErrorCode::config,
                   .text = "the config schema of plugin `" + std::string{table.id} + "` is no JSON; its author has to mend it"};
    }
    return config::PluginInfo{.id = table.id, .schema = std::move(schema), .capabilities = table.capabilities};
  };
  return options;
}

}  // namespace dispytch::app
