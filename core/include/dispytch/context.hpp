// What a handler may ask of the attempt it is in, and how it emits so that its message is settled only after what it emitted is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <dispytch/describe.hpp>
#include <dispytch/emitter.hpp>
#include <dispytch/message.hpp>
#include <dispytch/outcome.hpp>

namespace dispytch {

namespace detail {

/// One attempt at a message, or at a batch: what its settling waits for. Any thread.
class Attempt {
 public:
  virtual ~Attempt() = default;
  virtual std::uint32_t number() const noexcept = 0;
  virtual Timestamp first_seen() const noexcept = 0;
  /// `through` null: the listener's emitter.
  virtual void emit(const EventEmitter* through, const EventType& type, const void* body, const EmitOptions& options) = 0;
  virtual void emit(const EventEmitter* through, const OutgoingMessage& message) = 0;
  /// Once: what the handler that finishes later made of it.
  virtual void complete(Outcome outcome) = 0;
  virtual void fail(std::string reason) = 0;
};

}  // namespace detail

/// A handler's parameter `Context`. A handle, to be copied freely; emit() is of use until the message is settled, in whatever thread.
///
/// What is emitted by a Context belongs to the message: it is settled only after the broker has confirmed all of that, and an emit that
/// fails is a failed attempt. What a handler emits by an EventEmitter of its own (`Named<"orders", EventEmitter>`) is the handler's affair:
/// it waits for the answer itself, or the message is settled whatever becomes of the event.
///
/// In a handler of batches it is the batch that waits: each of its messages but those that failed anyhow.
class Context {
 public:
  explicit Context(std::shared_ptr<detail::Attempt> attempt) noexcept : attempt_{std::move(attempt)} {}

  /// 1: this handler is tried with the message for the first time. Each handler of a message counts its own attempts. Of a batch: those of
  /// its first message.
  std::uint32_t attempt() const noexcept { return attempt_->number(); }
  /// When this process first saw the message, of a batch the first: the same at each of its attempts here.
  Timestamp first_seen() const noexcept { return attempt_->first_seen(); }

  /// Emits through the listener's emitter and returns at once; it blocks only while the local queue is full, at most for the emitter's
  /// timeout. Throws Exception where the listener has no emitter, and where the message is settled already.
  template <class T>
  void emit(const T& event, const EmitOptions& options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: emit() needs an event described by DISPYTCH_EVENT");
    attempt_->emit(nullptr, detail::event_type<T>(), &event, options);
  }
  void emit(const OutgoingMessage& message) { attempt_->emit(nullptr, message); }

  /// Emits through an emitter that the handler takes, such as a Named<"audit", EventEmitter>; else as above.
  template <class T>
  void emit(const EventEmitter& through, const T& event, const EmitOptions& options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: emit() needs an event described by DISPYTCH_EVENT");
    attempt_->emit(&through, detail::event_type<T>(), &event, options);
  }
  void emit(const EventEmitter& through, const OutgoingMessage& message) { attempt_->emit(&through, message); }

 private:
  std::shared_ptr<detail::Attempt> attempt_;
};

/// A handler's parameter `Completion`: the handler may return before it is done. Its message counts as in flight, and body, message and
/// scope live, until this is called, once, from any thread. One that is destroyed uncalled is a failed attempt, and so is one that isn't
/// called within the handler's `timeout`; a call that comes after that changes nothing.
class Completion {
 public:
  explicit Completion(std::shared_ptr<detail::Attempt> attempt) noexcept : attempt_{std::move(attempt)} {}
  Completion(Completion&&) noexcept = default;
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      abandon();
      attempt_ = std::move(other.attempt_);
    }
    return *this;
  }
  ~Completion() { abandon(); }

  /// The handler is done, or what else it has to say.
  void operator()(Outcome outcome = done()) {
    if (const auto attempt = std::exchange(attempt_, nullptr)) attempt->complete(std::move(outcome));
  }
  /// The attempt failed, as by an exception with that text.
  void fail(std::string reason) {
    if (const auto attempt = std::exchange(attempt_, nullptr)) attempt->fail(std::move(reason));
  }

 private:
  void abandon() noexcept {
    if (const auto attempt = std::exchange(attempt_, nullptr)) attempt->fail("its Completion was destroyed without having been called");
  }
  std::shared_ptr<detail::Attempt> attempt_;
};

}  // namespace dispytch
