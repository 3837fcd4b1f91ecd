// Tests handlers without a broker, a thread or a sleep: the memory backend on a virtual clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/app.hpp>
#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/listener.hpp>

namespace dispytch::testing {

/// A message that was given up: a handler failed on it, or it is no such event.
struct Failure {
  std::string listener = {};
  std::string topic = {};
  std::string handler = {};
  std::string reason = {};  ///< the exception's text, or why the bytes can't be decoded
  std::string payload = {};
};

/// The config of an application under test: a file, or a text in its place. Neither: the file that the application itself names by
/// App::config().
struct ConfigSource {
  std::string file = {};
  std::string text = {};  ///< YAML
};

/// Listeners over the memory backend, driven by the test's own thread: those of an application with its config, or of groups with options.
///
/// They are put together as in production, and find the same mistakes; but all backends are memory backends, all handlers run on the
/// test's thread, and time passes only as the test moves it. One thread at a time. Objects are provided (they live as long as the harness)
/// and events emitted in any order before settle(); mistakes of the wiring are thrown by the first settle(), which opens the listeners.
class Harness : public ProvidesObjects<Harness> {
 public:
  /// Without listeners; listen() adds them.
  Harness();
  /// One listener.
  explicit Harness(HandlerGroup group, ListenerOptions options = {.name = "harness"});
  /// The listeners, emitters, middlewares and provided objects of an application, its policies and its config. Each backend of the config
  /// is a memory backend of its own; what is said of another plugin's options is not judged (`--check` does that). Tasks don't run. Throws
  /// Exception with every mistake of the config.
  explicit Harness(App app, ConfigSource config = {});
  Harness(Harness&&) noexcept;
  Harness& operator=(Harness&&) noexcept;
  ~Harness();

  /// Adds a listener that reads the topics of its handlers, in a consumer group of its own name. Where its options name no emitter, it has
  /// that of the harness. Before the first settle(), and not to an application's.
  Harness& listen(HandlerGroup group, ListenerOptions options);

  /// Emits as an EventEmitter does. Throws Exception where the event is refused.
  template <class T>
  void emit(const T& event, const EmitOptions& options = {}) {
    emitter().emit(event, options).value();
  }
  void emit(const OutgoingMessage& message) { emitter().emit(message).value(); }

  /// The harness's own emitter, for code under test that wants one. Throws Exception where the application's config has several backends.
  EventEmitter& emitter();
  /// Returns the emitter at one backend of the application's config.
  EventEmitter& emitter_at(const std::string& backend);

  /// Handles until nothing is in flight, but for what is held or waits for a Completion. Retries don't wait in real time: the virtual
  /// clock is moved to each. Where a handler's `on_failure` is `stop`, a failure ends its listener, as in production.
  void settle();

  /// Moves the virtual clock.
  void advance(std::chrono::milliseconds by);

  /// What was dead-lettered: each message as it went to its dead letters' topic, oldest first. A listener without dead letters holds what
  /// it gives up.
  const std::vector<OutgoingMessage>& dead_letters() const noexcept;
  /// What was given up after its attempts, oldest first: dead-lettered, held, or what stopped the listener.
  const std::vector<Failure>& failures() const noexcept;
  /// Messages settled because a handler ended well; and because no handler wanted their type, or took a message without payload. Of all
  /// listeners, or of one.
  std::uint64_t handled() const noexcept;
  std::uint64_t handled(std::string_view listener) const noexcept;
  std::uint64_t unhandled() const noexcept;
  /// Messages that are held now, each with its lane.
  std::uint64_t held() const noexcept;

 private:
  struct State;
  friend ProvidesObjects<Harness>;
  Providers& providers() noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace dispytch::testing
