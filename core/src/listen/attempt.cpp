#include "listen/attempt.hpp"

#include <utility>

#include <dispytch/result.hpp>

#include "base/mutate.hpp"
#include "emit/access.hpp"
#include "emit/emitter_core.hpp"

namespace dispytch::listen {

detail::EmitterCore& Attempt::begin_emit(const EventEmitter* through) {
  const auto& emitter = through != nullptr ? detail::EmitterAccess::core(*through) : options_.emitter;
  if (!emitter) {
    throw Exception{ErrorCode::invalid, "Context::emit: the listener has no emitter; name one as its `emitter` in the config file"};
  }
  const Lock lock{mutex_};
  if (over_ || abandoned_) {
    throw Exception{ErrorCode::invalid,
                    "Context::emit: the message is settled, or somebody else's, already; emit before its handler is done"};
  }
  ++parts_;
  return *emitter;
}

void Attempt::emit(const EventEmitter* through, const detail::EventType& type, const void* body, const EmitOptions& options) {
  begin_emit(through).emit_later(type, body, options,
                                 [self = shared_from_this()](const Result<Receipt>& result) { self->emitted(result); });
  if (DISPYTCH_MUTATE("settle_before_emits")) emitted(Receipt{});
}

void Attempt::emit(const EventEmitter* through, const OutgoingMessage& message) {
  begin_emit(through).emit_later(message, [self = shared_from_this()](const Result<Receipt>& result) { self->emitted(result); });
}

void Attempt::expect_completion() {
  const Lock lock{mutex_};
  completion_due_ = true;
  ++parts_;
}

void Attempt::complete(Outcome outcome) {
  std::optional<Answer> answer;
  {
    const Lock lock{mutex_};
    if (!std::exchange(completion_due_, false)) return;
    answer_.outcome = std::move(outcome);
    answer = end_part();
  }
  give(std::move(answer));
}

void Attempt::fail(std::string reason) {
  if (reason.empty()) reason = "its Completion said that it failed, and no reason";  // an empty one would say that it didn't
  std::optional<Answer> answer;
  {
    const Lock lock{mutex_};
    if (!std::exchange(completion_due_, false)) return;
    if (answer_.failure.empty()) answer_.failure = std::move(reason);
    answer = end_part();
  }
  give(std::move(answer));
}

std::optional<Attempt::Answer> Attempt::returned(Outcome outcome) {
  const Lock lock{mutex_};
  if (outcome.kind() != Outcome::Kind::done) answer_.outcome = std::move(outcome);
  if (parts_ > 0 && --parts_ == 0) {
    over_ = true;
    return std::move(answer_);
  }
  waited_for_ = true;
  return std::nullopt;
}

void Attempt::abandon() {
  const Lock lock{mutex_};
  abandoned_ = true;
}

void Attempt::emitted(const Result<Receipt>& result) {
  std::optional<Answer> answer;
  {
    const Lock lock{mutex_};
    if (!result) {
      if (answer_.failure.empty()) answer_.failure = "what it emitted was not stored: " + result.error().text;
      answer_.fatal = answer_.fatal || result.error().fatal;
    }
    answer = end_part();
  }
  give(std::move(answer));
}

std::optional<Attempt::Answer> Attempt::end_part() {
  if (parts_ == 0 || --parts_ > 0) return std::nullopt;
  over_ = true;
  if (abandoned_ || !waited_for_) return std::nullopt;
  return std::move(answer_);
}

void Attempt::give(std::optional<Answer> answer) {
  if (answer) options_.answer(*std::move(answer));
}

}  // namespace dispytch::listen
