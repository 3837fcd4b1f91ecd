// Takes messages from a backend, routes them to handlers and settles them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <dispytch/backend.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/wire.hpp>

namespace dispytch {

struct ListenerOptions {
  std::string name = "listener";            ///< for logs
  WireForm wire = {};                       ///< where neither event nor topic says one
  std::chrono::milliseconds drain{25'000};  ///< how long the end of run() may wait for the broker to take what was settled
  bool at_most_once = false;                ///< accept a backend that can't acknowledge: what is in hand is lost with the process
};

/// Listens to one consumer with one worker: handlers run on the thread that called run(), one message after another in the order of
/// arrival.
///
/// A message is settled after its handler ended well. A handler that throws, or a message that is no such event, stops the listener:
/// nothing more is settled, run() throws the full report, and the broker delivers the message again to whoever comes next. Messages of a
/// type that no handler wants are settled and counted.
class EventListener : public ProvidesObjects<EventListener> {
 public:
  explicit EventListener(Consumer consumer, ListenerOptions options = {});
  EventListener(EventListener&&) noexcept;
  EventListener& operator=(EventListener&&) noexcept;
  ~EventListener();

  /// Adds the group's handlers. Before run().
  EventListener& include(HandlerGroup group);

  /// Handles messages until the token asks to stop, then settles, waits until the broker has that, and leaves the group. Blocks.
  /// Once for each listener. Throws Exception: where the wiring is wrong (before the first message), where a handler failed, where
  /// a message can't be decoded, and where the backend failed for good.
  void run(std::stop_token stop);

 private:
  struct Wiring;
  friend ProvidesObjects<EventListener>;
  Providers& providers() noexcept;
  std::unique_ptr<Wiring> wiring_;
};

}  // namespace dispytch
