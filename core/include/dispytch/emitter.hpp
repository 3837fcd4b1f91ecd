// Turns events into messages, hands them to a backend, and reports what became of each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
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
  Headers headers = {};
};

struct EmitterOptions {
  std::string name = "emitter";                    ///< for logs
  std::chrono::milliseconds room_timeout{30'000};  ///< the longest wait for room in a full local queue
  WireForm wire = {};                              ///< where neither event nor topic says one
  std::vector<EmitMiddleware> middleware = {};     ///< around each emit, the first is the outermost
};

namespace detail {

/// The answers to a number of emits, counted. Its destructor awaits those that are still out.
class Answers {
 public:
  explicit Answers(EmitterCore& core);
  ~Answers();
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// Refuses where the calling thread would wait for itself.
  Result<void> may_wait() const;
  /// Returns what takes the answer to one emit more.
  std::function<void(const Result<Receipt>&)> next();
  /// Waits for all of them. How many there were, or why some events were not stored.
  Result<std::size_t> wait();

 private:
  struct Count;
  EmitterCore& core_;
  std::unique_ptr<Count> count_;
};

}  // namespace detail

/// Emits events to one backend.
///
/// All functions: any thread at any time. It is a handle; copies share one producer, which is flushed and closed with the last of them.
/// Every emit ends in exactly one answer: a Receipt once the broker confirmed the message, or an Error, which says by `maybe_sent`
/// whether the broker may have stored it all the same. How long the broker's client goes on trying is the producer's own delivery
/// timeout: dispytch adds no second timer and never sends a message twice by itself.
///
/// There are four times, of which the config file's `timeout` of an emitter sets the first two: `ProducerOptions::delivery_timeout`, until
/// a message that isn't confirmed fails; `EmitterOptions::room_timeout`, the wait for room in the client's local queue before that;
/// `ProducerOptions::open_timeout`, until the producer must be open; and what flush() is given, how long that one call waits.
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

  /// Emits each event of a range (or each OutgoingMessage), and waits until all have had their answer. Returns how many they were. An Error
  /// where any was not stored: how many of them and the first one's reason; `maybe_sent` where the broker may have one of them all the
  /// same. Refused at once where called from a `Done`.
  template <class Events>
  Result<std::size_t> emit_all(Events&& events) {
    using Event = std::remove_cvref_t<decltype(*std::begin(events))>;
    static_assert(DescribedEvent<Event> || std::is_same_v<Event, OutgoingMessage>,
                  "dispytch: emit_all() needs a range of events described by DISPYTCH_EVENT, or of OutgoingMessage");
    detail::Answers answers{*core_};
    if (const Result<void> allowed = answers.may_wait(); !allowed) return allowed.error();
    for (auto&& event : events) {
      if constexpr (DescribedEvent<Event>) {
        emit_later(detail::event_type<Event>(), &event, {}, answers.next());
      } else {
        emit(event, answers.next());
      }
    }
    return answers.wait();
  }

  /// Counts the emits without an answer, of all copies of this emitter. The number may change meanwhile; the call locks and visits each
  /// emit.
  std::size_t outstanding() const;

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
