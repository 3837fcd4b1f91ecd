// Turns events into messages, hands them to a backend, and reports what became of each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/backend.hpp>
#include <dispytch/describe.hpp>
#include <dispytch/emit_middleware.hpp>
#include <dispytch/message.hpp>
#include <dispytch/result.hpp>
#include <dispytch/wire.hpp>

namespace dispytch {

namespace detail {
class EmitterCore;
class EmitterAccess;
}  // namespace detail

/// Where the broker put a message. -1: it doesn't say.
struct Receipt {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

/// What an emit may say beyond the event itself.
struct EmitOptions {
  std::optional<std::string> topic = {};  ///< in place of the event's
  std::optional<std::string> key = {};    ///< in place of the field at partition_by
  std::optional<std::string> id = {};     ///< in place of a new UUID
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct EmitterOptions {
  std::string name = "emitter";                 ///< for logs
  std::chrono::milliseconds timeout{30'000};    ///< the longest wait for room in a full local queue
  WireForm wire = {};                           ///< where neither event nor topic says one
  std::vector<EmitMiddleware> middleware = {};  ///< around each emit, the first is the outermost
};

/// Emits events to one backend.
///
/// All functions: any thread at any time. It is a handle; copies share one producer, which is flushed and closed with the last of them.
/// Every emit ends in exactly one answer: a Receipt once the broker confirmed the message, or an Error, which says by `maybe_sent`
/// whether the broker may have stored it all the same. How long the broker's client goes on trying is the producer's own delivery
/// timeout (the emitter's `timeout` in the config file): dispytch adds no second timer and never sends a message twice by itself.
class EventEmitter {
 public:
  /// Called once with what became of the event. It runs on the emitter's pump thread, or on the calling thread where the event
  /// was refused at once; keep it short. What it throws is logged and counted.
  using Done = std::function<void(const Result<Receipt>&)>;

  explicit EventEmitter(Producer producer, EmitterOptions options = {});
  explicit EventEmitter(std::shared_ptr<detail::EmitterCore> core) noexcept : core_{std::move(core)} {}

  /// Emits and waits for the broker's confirmation. Refused at once where called from a `Done`: it would wait for itself.
  template <class T>
  Result<Receipt> emit(const T& event, const EmitOptions& options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: emit() needs an event described by DISPYTCH_EVENT");
    return emit_and_wait(detail::event_type<T>(), &event, options);
  }

  /// Emits and returns; `done` gets the answer. Blocks only while the client's local queue is full, at most for the emitter's timeout.
  template <class T>
  void emit(const T& event, Done done, const EmitOptions& options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: emit() needs an event described by DISPYTCH_EVENT");
    emit_later(detail::event_type<T>(), &event, options, std::move(done));
  }

  /// The same for a message whose bytes are there already.
  Result<Receipt> emit(const OutgoingMessage& message);
  void emit(const OutgoingMessage& message, Done done);

  /// Waits until everything emitted before has had its answer and every `done` of it has returned. An Error of code timeout where
  /// that takes longer; it goes on all the same. Refused at once where called from a `Done`.
  Result<void> flush(std::chrono::milliseconds timeout);

 private:
  friend class detail::EmitterAccess;
  Result<Receipt> emit_and_wait(const detail::EventType& type, const void* body, const EmitOptions& options);
  void emit_later(const detail::EventType& type, const void* body, const EmitOptions& options, Done done);

  std::shared_ptr<detail::EmitterCore> core_;
};

}  // namespace dispytch
