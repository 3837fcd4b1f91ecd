// Tests handlers without a broker, a thread or a sleep: the memory backend on a virtual clock.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>

namespace dispytch::testing {

/// A message that was given up: a handler failed on it, or it is no such event.
struct Failure {
  std::string topic = {};
  std::string handler = {};
  std::string reason = {};  ///< the exception's text, or why the bytes can't be decoded
  std::string payload = {};
};

/// One listener over the memory backend, driven by the test's own thread.
///
/// One thread at a time. Objects are provided (they live as long as the harness) and events emitted in any order before settle(); wiring
/// mistakes are thrown by settle().
class Harness : public ProvidesObjects<Harness> {
 public:
  explicit Harness(HandlerGroup group, WireForm wire = {});
  Harness(Harness&&) noexcept;
  Harness& operator=(Harness&&) noexcept;
  ~Harness();

  /// Emits as an EventEmitter does. Throws Exception where the event is refused.
  template <class T>
  void emit(const T& event, const EmitOptions& options = {}) {
    emitter().emit(event, options).value();
  }
  void emit(const OutgoingMessage& message) { emitter().emit(message).value(); }

  /// The emitter, for code under test that wants one.
  EventEmitter& emitter();

  /// Handles until nothing is in flight, but for what is held or waits for a Completion. Retries don't wait in real time: the virtual
  /// clock is moved to each. Where a handler's `on_failure` is `stop`, a failure ends the listener, as in production.
  void settle();

  /// Moves the virtual clock.
  void advance(std::chrono::milliseconds by);

  /// What was buried: each message as it would go to its dead letters' topic, `{topic}.dlq`, oldest first.
  const std::vector<OutgoingMessage>& dead_letters() const noexcept;
  /// What was given up after its attempts, oldest first: buried, held, or what stopped the listener.
  const std::vector<Failure>& failures() const noexcept;
  /// Messages settled because a handler ended well; and because no handler wanted their type, or took a message without payload.
  std::uint64_t handled() const noexcept;
  std::uint64_t unhandled() const noexcept;

 private:
  struct State;
  friend ProvidesObjects<Harness>;
  Providers& providers() noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace dispytch::testing
