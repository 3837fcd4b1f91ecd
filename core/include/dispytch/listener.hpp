// Takes messages from a backend, routes them to handlers and settles them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <dispytch/backend.hpp>
#include <dispytch/emitter.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/policy.hpp>
#include <dispytch/wire.hpp>

namespace dispytch {

/// Where messages go that can't be handled.
struct DeadLetterOptions {
  std::optional<EventEmitter> emitter = {};  ///< empty: that of the listener
  std::string topic = "{topic}.dlq";         ///< with {topic}, {listener} and {group} to be filled in; none that the listener reads
};

/// What the config file says under `listeners`, for a listener that is made in code or in a test.
struct ListenerOptions {
  std::string name = "listener";             ///< for logs
  WireForm wire = {};                        ///< where neither event nor topic says one
  std::chrono::milliseconds drain{25'000};   ///< how long the end waits for running handlers, and for the broker to take what was settled
  DeliveryOptions delivery = {};             ///< order, concurrency, bounds, and the policy where neither handler nor group says something
  std::optional<EventEmitter> emitter = {};  ///< for Context::emit
  std::optional<DeadLetterOptions> dead_letter = {};  ///< empty: a message that can't be handled is held, and its lane waits
  bool at_most_once = false;                          ///< accept a backend that can't acknowledge: what is in hand is lost with the process
};

/// Listens to one consumer, whose group and topics it takes over. By default with one worker: handlers run on the thread that called run(),
/// one message of a partition after another.
///
/// A message is settled after its handlers and what they emitted by their Context ended well. A failing one is tried again (RetryPolicy)
/// while it holds its lane; then it goes to the dead letters, or is held where there are none: its lane waits, the others go on. With
/// `on_failure: stop` run() throws the full report and the broker delivers the message again to whoever comes next. Messages of a type
/// that no handler wants are settled and counted.
class EventListener : public ProvidesObjects<EventListener> {
 public:
  explicit EventListener(Consumer consumer, ListenerOptions options = {});
  EventListener(EventListener&&) noexcept;
  EventListener& operator=(EventListener&&) noexcept;
  ~EventListener();

  /// Adds the group's handlers. Before run().
  EventListener& include(HandlerGroup group);

  /// Handles messages until the token asks to stop, then awaits running handlers, settles, waits until the broker has that, and leaves
  /// the group. Blocks. Once for each listener. Throws Exception: where the wiring is wrong (with every mistake, before the first
  /// message), where a failure's policy is `stop`, and where the backend failed for good.
  void run(std::stop_token stop);

 private:
  struct Wiring;
  friend ProvidesObjects<EventListener>;
  Providers& providers() noexcept;
  std::unique_ptr<Wiring> wiring_;
};

}  // namespace dispytch
