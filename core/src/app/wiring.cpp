#include "app/wiring.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "assemble/dead_letter_topics.hpp"
#include "assemble/requirements.hpp"
#include "base/log.hpp"
#include "border/document.hpp"
#include "border/library.hpp"
#include "listen/dead_letters.hpp"
#include "listen/pool.hpp"
#include "topic/name_template.hpp"

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

// The topics to subscribe to: the config file's, or else those of the handlers.
std::vector<border::ConsumerDocument::Topic> subscription(const config::ListenerConfig& listener, const route::Router& router) {
  if (listener.topics.empty()) return router.subscription();
  std::vector<border::ConsumerDocument::Topic> topics;
  for (const config::TopicConfig& topic : listener.topics)
    topics.push_back({.name = topic.name, .pattern = topic.pattern, .config = topic.config});
  return topics;
}

std::string list_topics(const config::ListenerConfig& listener) {
  std::string list;
  for (const config::TopicConfig& topic : listener.topics) {
    if (!list.empty()) list += ", ";
    list += topic.pattern.empty() ? topic.name : topic.pattern;
  }
  return list;
}

// The listener must not read what it sends to its dead letters itself: each would fail anew, for ever. The config file is checked for that
// where it names the topics; here the patterns are, and what the handlers ask for. Expressions that begin with ^ only the broker can judge.
void check_dead_letters_stay_away(const config::Config& config, const std::string& name, const route::Router& router,
                                  std::vector<std::string>& problems) {
  const config::ListenerConfig& listener = config.listeners.at(name);
  if (listener.dead_letter_emitter.empty() || config.emitters.at(listener.dead_letter_emitter).backend != listener.backend) return;
  std::vector<topic::Pattern> read;
  for (const auto& topic : subscription(listener, router)) {
    if (!topic.pattern.starts_with('^')) read.emplace_back(topic.pattern.empty() ? topic.name : topic.pattern);
  }
  for (const topic::Pattern& from : read) {
    const std::string letters =
        topic::fill_in(listener.dead_letter_topic, {.topic = from.text(), .listener = name, .group = listener.group});
    const topic::Pattern to{letters};
    const auto again = std::ranges::find_if(read, [&](const topic::Pattern& pattern) { return pattern.overlaps(to); });
    if (again == read.end()) continue;
    std::string& problem = problems.emplace_back("listener `" + name + "` would send the dead letters of topic `");
    problem += from.text();
    problem += "` to `" + letters;
    problem += "`, which it reads itself as `" + again->text() + "`; write another `dead_letter.topic`";
    return;
  }
}

}  // namespace

const std::shared_ptr<border::Adapter>& Backends::open(const std::string& name) {
  auto& adapter = adapters_[name];
  if (adapter) return adapter;
  const config::BackendConfig& backend = config_->backends.at(name);
  const Result<const border::Library*> library = border::load(backend.plugin, {.config_paths = config_->plugin_paths});
  if (!library) throw Exception{library.error()};
  auto opened = border::Adapter::open(**library, border::config_document(backend.config),
                                      {.application = application_, .version = version_, .clock = &system_clock()}, kOpenTimeout);
  if (!opened) refuse(*config_, config::Section::backends, name, opened.error());
  adapter = std::move(*opened);
  return adapter;
}

std::shared_ptr<detail::EmitterCore> open_emitter(const config::Config& config, const std::string& name, Backends& backends,
                                                  std::vector<EmitMiddleware> middleware) {
  const config::EmitterConfig& emitter = config.emitters.at(name);
  const config::BackendConfig& backend = config.backends.at(emitter.backend);
  auto producer =
      backends.open(emitter.backend)->open_producer(border::producer_document(emitter.config, emitter.timeout), {}, kOpenTimeout);
  if (!producer) refuse(config, config::Section::emitters, name, producer.error());
  return detail::EmitterCore::make(std::move(*producer), {.name = name,
                                                          .timeout = emitter.timeout,
                                                          .wire = backend.wire,
                                                          .topic_wire = backend.topic_wire,
                                                          .middleware = std::move(middleware)});
}

route::Router make_router(const config::Config& config, const std::string& listener, const std::vector<HandlerGroup>& groups,
                          const Providers& providers, std::vector<std::string>& problems) {
  const config::ListenerConfig& wanted = config.listeners.at(listener);
  const config::BackendConfig& backend = config.backends.at(wanted.backend);
  // At most what the plugin claims; open_listener() asks the opened backend. A plugin that can't be loaded is said then.
  const Result<const border::Library*> library = border::load(backend.plugin, {.config_paths = config.plugin_paths});
  const bool requeues = library && policy::can_requeue((*library)->table().capabilities);
  std::vector<handle::BoundHandler> handlers;
  for (const HandlerGroup& group : groups) {
    for (const auto& handler : group.handlers()) {
      handlers.push_back(handle::bind(*handler, providers, problems,
                                      {.policy = wanted.handling.policy,
                                       .dead_letters = !wanted.dead_letter_emitter.empty(),
                                       .in_place_max = wanted.handling.in_place_max,
                                       .unfinished = wanted.handling.limits.messages,
                                       .can_requeue = requeues}));
      if (wanted.topics.empty()) continue;
      const topic::Pattern pattern{handler->topic};
      const bool inside = std::ranges::any_of(wanted.topics, [&](const config::TopicConfig& topic) {
        if (topic.pattern.starts_with('^')) return true;  // the broker's own expression, which only the broker can judge
        return pattern.overlaps(topic::Pattern{topic.pattern.empty() ? topic.name : topic.pattern});
      });
      if (!inside) {
        problems.push_back("handler `" + handler->name + "` listens to topic `" + handler->topic +
                           "`, which is not among the topics of listener `" + listener + "`: " + list_topics(wanted));
      }
    }
  }
  route::Router router{std::move(handlers), {.standard = backend.wire, .by_topic = backend.topic_wire}, problems};
  check_dead_letters_stay_away(config, listener, router, problems);
  return router;
}

std::unique_ptr<listen::Engine> open_listener(const config::Config& config, const std::string& name, route::Router router,
                                              Backends& backends, const ListenerEmitters& emitters) {
  const config::ListenerConfig& listener = config.listeners.at(name);
  listen::EngineOptions options{.name = name,
                                .group = listener.group,
                                .at_most_once = listener.at_most_once,
                                .drain = listener.drain,
                                .delivery = listener.handling,
                                .emitter = emitters.own};
  if (!config.control_socket.empty()) options.skip_command = "dispytch skip --config " + config.file.string();
  if (emitters.dead_letters) options.dead_letters = listen::dead_letters_through(emitters.dead_letters, listener.dead_letter_topic);
  if (listener.handling.concurrency > 1) options.executor = std::make_unique<listen::Pool>(listener.handling.concurrency);
  const border::ConsumerDocument document{.topics = subscription(listener, router),
                                          .group = listener.group,
                                          .start = listener.start == config::ListenerConfig::Start::latest ? "latest" : "earliest",
                                          .max_unsettled = static_cast<std::uint32_t>(options.delivery.limits.span),
                                          .drain = listener.drain,
                                          .config = listener.config};
  const auto& adapter = backends.open(listener.backend);
  const std::uint64_t capabilities = adapter->capabilities();
  assemble::require_acknowledgement(capabilities, listener.at_most_once, name);
  assemble::require_order(capabilities, listener.handling.ordering, name);
  assemble::require_requeueing(capabilities, router, listener.handling.ordering, name);
  auto consumer = adapter->open_consumer(border::consumer_document(document), {}, kOpenTimeout);
  if (!consumer) refuse(config, config::Section::listeners, name, consumer.error());
  if (emitters.dead_letters) {
    assemble::warn_of_missing_dead_letter_topics(
        {.listener = name, .group = listener.group, .topic_template = listener.dead_letter_topic, .from = document.topics},
        *emitters.dead_letters);
  }
  return std::make_unique<listen::Engine>(std::move(*consumer), capabilities, std::move(router), std::move(options));
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
