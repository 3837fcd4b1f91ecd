#include <dispytch/backend.hpp>

#include <nlohmann/json.hpp>

#include "border/access.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/document.hpp"
#include "border/library.hpp"
#include "border/producer_handle.hpp"
#include "schema/schema.hpp"

namespace dispytch {
namespace {

using nlohmann::json;

json to_json(const Properties& properties) {
  json all = json::object();
  for (const auto& [name, value] : properties.values()) {
    if (all.contains(name)) throw Exception{ErrorCode::config, "the option `" + name + "` is given twice."};
    std::visit([&](const auto& given) { all[name] = given; }, value);
  }
  return all;
}

// "the producer options of plugin `kafka`": where options come from that stand in no file.
std::string origin(const border::Library& library, const char* definition) {
  return "the " + std::string{definition} + " options of plugin `" + std::string{library.id()} + "`";
}

// What the plugin's schema makes of options. `definition`: backend, producer or consumer.
json accepted(const border::Library& library, const char* definition, const Properties& options) {
  const json document = json::parse(library.schema(), nullptr, false);
  if (document.is_discarded()) {
    throw Exception{ErrorCode::config,
                    "the config schema of plugin `" + std::string{library.id()} + "` is no JSON; its author has to mend it."};
  }
  return schema::accept(to_json(options), schema::Schema::compile(document, definition).value(), origin(library, definition)).value();
}

// What was opened. The plugin's own word about an option begins with the option's pointer and says nothing of where that is.
template <class T>
T opened(Result<T> result, const border::Library& library, const char* definition) {
  if (!result && result.error().code == ErrorCode::config) {
    Error error = std::move(result).error();
    error.text = origin(library, definition) + ": " + error.text;
    throw Exception{std::move(error)};
  }
  return std::move(result).value();
}

}  // namespace

Producer::Producer(std::unique_ptr<border::ProducerHandle> handle) noexcept : handle_{std::move(handle)} {}
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&&) noexcept = default;
Producer::~Producer() = default;

Consumer::Consumer(std::unique_ptr<border::ConsumerHandle> handle) noexcept : handle_{std::move(handle)} {}
Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;
Consumer::~Consumer() = default;

Backend Backend::load(std::string_view plugin, Properties config, LoadOptions options) {
  const border::Library& library = *border::load(plugin, {.config_paths = std::move(options.plugin_paths)}).value();
  return border::Access::open(library, config, {.application = std::move(options.application), .version = std::move(options.version)},
                              options.open_timeout);
}

Producer Backend::producer(ProducerOptions options) const {
  const border::Library& library = adapter_->library();
  const std::string document = border::producer_document(accepted(library, "producer", options.config), options.delivery_timeout);
  return border::Access::make(opened(adapter_->open_producer(document, {}, options.open_timeout), library, "producer"));
}

Consumer Backend::consumer(ConsumerOptions options) const {
  const border::Library& library = adapter_->library();
  border::ConsumerDocument document{.group = std::move(options.group),
                                    .start = options.start == Start::latest ? "latest" : "earliest",
                                    .drain = options.drain,
                                    .config = accepted(library, "consumer", options.config)};
  for (std::string& topic : options.topics) {
    const bool is_pattern = topic.starts_with('^') || topic.find('{') != std::string::npos;
    auto& entry = document.topics.emplace_back();
    (is_pattern ? entry.pattern : entry.name) = std::move(topic);
  }
  return border::Access::make(opened(adapter_->open_consumer(std::move(document), {}, options.open_timeout), library, "consumer"));
}

namespace border {

Backend Access::open(const Library& library, const Properties& config, HostOptions options, std::chrono::milliseconds timeout) {
  const std::string document = config_document(accepted(library, "backend", config));
  return Backend{opened(Adapter::open(library, document, std::move(options), timeout), library, "backend")};
}

Producer Access::make(std::unique_ptr<ProducerHandle> handle) noexcept { return Producer{std::move(handle)}; }
Consumer Access::make(std::unique_ptr<ConsumerHandle> handle) noexcept { return Consumer{std::move(handle)}; }
std::unique_ptr<ProducerHandle> Access::take(Producer&& producer) noexcept { return std::move(producer.handle_); }
std::unique_ptr<ConsumerHandle> Access::take(Consumer&& consumer) noexcept { return std::move(consumer.handle_); }

}  // namespace border
}  // namespace dispytch
