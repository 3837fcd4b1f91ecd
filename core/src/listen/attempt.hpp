// One attempt at a message by one handler: what it emitted and whether its Completion was called. Its end is what the message waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <dispytch/context.hpp>

#include "base/mutex.hpp"

namespace dispytch::detail {
class EmitterCore;
}

namespace dispytch::listen {

/// Made for handlers that take a Context or a Completion: one for each call. Any thread.
class Attempt final : public detail::Attempt, public std::enable_shared_from_this<Attempt> {
 public:
  /// How it ended. `failure` empty: `outcome` says.
  struct Answer {
    Outcome outcome = done();
    std::string failure = {};
    bool fatal = false;  ///< of what it emitted: the emitter is of no more use
  };
  struct Options {
    std::uint32_t number = 1;
    Timestamp first_seen = {};
    std::shared_ptr<detail::EmitterCore> emitter = {};  ///< null: the listener has none
    std::function<void(Answer)> answer = {};            ///< called once, if it is not over when returned() asks; on whatever thread
  };
  explicit Attempt(Options options) : options_{std::move(options)} {}

  std::uint32_t number() const noexcept override { return options_.number; }
  Timestamp first_seen() const noexcept override { return options_.first_seen; }
  void emit(const EventEmitter* through, const detail::EventType& type, const void* body, const EmitOptions& options) override;
  void emit(const EventEmitter* through, const OutgoingMessage& message) override;
  void complete(Outcome outcome) override;
  void fail(std::string reason) override;

  /// What its handler's parameters refer to lives as long as this: until the Completion is gone.
  void keep(std::shared_ptr<void> frame) { frame_ = std::move(frame); }
  /// The handler takes a Completion, and is about to be called.
  void expect_completion();
  /// The handler returned `outcome`. The answer, if there is nothing to wait for; else it is given to Options::answer.
  std::optional<Answer> returned(Outcome outcome);
  /// The attempt has failed otherwise, or the message is somebody else's: no answer is wanted any more.
  void abandon();

 private:
  // Returns the emitter. Throws Exception where there is none, or the message is settled.
  detail::EmitterCore& begin_emit(const EventEmitter* through);
  void emitted(const Result<Receipt>& result);
  // The answer, where that was the last part and somebody waits for the end: it is given once the mutex is free.
  std::optional<Answer> end_part() DISPYTCH_REQUIRES(mutex_);
  void give(std::optional<Answer> answer) DISPYTCH_EXCLUDES(mutex_);

  const Options options_;
  std::shared_ptr<void> frame_;
  Mutex mutex_;
  std::uint32_t parts_ DISPYTCH_GUARDED_BY(mutex_) = 1;  // the call itself; its Completion; each emit that isn't answered
  bool completion_due_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool over_ DISPYTCH_GUARDED_BY(mutex_) = false;        // all parts have ended
  bool waited_for_ DISPYTCH_GUARDED_BY(mutex_) = false;  // returned() has gone away with nothing
  bool abandoned_ DISPYTCH_GUARDED_BY(mutex_) = false;
  Answer answer_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::listen
