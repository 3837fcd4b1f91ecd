#include "assemble/assemble.hpp"

#include <cstdint>
#include <utility>

#include "assemble/dead_letter_topics.hpp"
#include "assemble/requirements.hpp"
#include "listen/pool.hpp"

namespace dispytch::assemble {
namespace {

void require(const CheckedListener& listener, std::uint64_t capabilities) {
  const ListenerSpec& spec = listener.spec;
  require_acknowledgement(capabilities, spec.at_most_once, spec.name);
  require_order(capabilities, spec.delivery.ordering, spec.name);
  require_requeueing(capabilities, listener.router, spec.delivery.ordering, spec.name);
}

std::unique_ptr<listen::Executor> make_executor(std::uint32_t concurrency, const Replacements& replacements) {
  if (replacements.executor) return replacements.executor(concurrency);
  return concurrency > 1 ? std::make_unique<listen::Pool>(concurrency) : nullptr;
}

std::unique_ptr<listen::Engine> make_engine(CheckedListener listener, std::unique_ptr<border::ConsumerHandle> consumer,
                                            Replacements replacements) {
  ListenerSpec& spec = listener.spec;
  listener.router.find_provided(*listener.providers);
  listen::EngineOptions options{.name = std::move(spec.name),
                                .group = std::move(spec.group),
                                .at_most_once = spec.at_most_once,
                                .drain = spec.drain,
                                .delivery = spec.delivery,
                                .skip_command = std::move(spec.skip_command),
                                .quiet = replacements.quiet,
                                .clock = replacements.clock,
                                .random = replacements.random,
                                .executor = make_executor(spec.delivery.concurrency, replacements),
                                .emitter = std::move(spec.emitters.own),
                                .wait = std::move(replacements.wait),
                                .failed = std::move(replacements.failed)};
  if (spec.dead_letters) {
    warn_of_missing_dead_letter_topics({.listener = options.name,
                                        .group = options.group,
                                        .topic_template = spec.dead_letters->topic,
                                        .from = spec.topics.empty() ? listener.router.subscription() : spec.topics},
                                       *spec.emitters.dead_letters);
    options.dead_letters = listen::dead_letters_through(std::move(spec.emitters.dead_letters), std::move(spec.dead_letters->topic));
    if (replacements.dead_letters) options.dead_letters = replacements.dead_letters(std::move(options.dead_letters));
  }
  const std::uint64_t capabilities = consumer->capabilities();
  return std::make_unique<listen::Engine>(std::move(consumer), capabilities, std::move(listener.router), std::move(options));
}

}  // namespace

Result<std::unique_ptr<listen::Engine>> open(CheckedListener listener, border::Adapter& backend, std::chrono::milliseconds timeout,
                                             Replacements replacements) {
  const ListenerSpec& spec = listener.spec;
  require_instance(backend, spec.instance, spec.name);
  const border::ConsumerDocument document{.topics = spec.topics.empty() ? listener.router.subscription() : spec.topics,
                                          .group = spec.group,
                                          .start = spec.start == Start::latest ? "latest" : "earliest",
                                          .max_unsettled = static_cast<std::uint32_t>(spec.delivery.limits.span),
                                          .drain = spec.drain,
                                          .instance = spec.instance,
                                          .config = spec.config};
  require(listener, backend.consumer_capabilities(border::consumer_document(document)));
  auto consumer = backend.open_consumer(document, {}, timeout);
  if (!consumer) return consumer.error();
  return make_engine(std::move(listener), std::move(*consumer), std::move(replacements));
}

std::unique_ptr<listen::Engine> open(CheckedListener listener, std::unique_ptr<border::ConsumerHandle> consumer,
                                     Replacements replacements) {
  require(listener, consumer->capabilities());
  return make_engine(std::move(listener), std::move(consumer), std::move(replacements));
}

std::unique_ptr<listen::Engine> assemble(ListenerSpec spec, const std::vector<HandlerGroup>& groups, Providers& providers,
                                         std::unique_ptr<border::ConsumerHandle> consumer, Replacements replacements) {
  spec.group = consumer->opened_with().group;
  spec.topics = consumer->opened_with().topics;
  std::vector<std::string> problems;
  providers.check(problems);
  CheckedListener listener = check(std::move(spec), groups, providers, consumer->capabilities(), problems);
  throw_if_any(problems);
  providers.make();
  return open(std::move(listener), std::move(consumer), std::move(replacements));
}

bool goes_to(const std::shared_ptr<detail::EmitterCore>& emitter, const border::Adapter& backend) noexcept {
  return emitter && &emitter->backend() == &backend;
}

}  // namespace dispytch::assemble
