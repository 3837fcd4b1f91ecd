#include "listen/attempt.hpp"

#include <utility>

#include <dispytch/result.hpp>

#include "base/mutate.hpp"
#include "emit/emitter_core.hpp"

namespace dispytch::listen {

void Attempt::begin_part() {
  if (!options_.emitter) {
    throw Exception{ErrorCode::invalid, "Context::emit: the listener has no emitter; name one as its `emitter` in the config file"};
  }
  const std::lock_guard lock{mutex_};
  if (over_ || abandoned_) {
    throw Exception{ErrorCode::invalid,
                    "Context::emit: the message is settled, or somebody else's, already; emit before its handler is done"};
  }
  ++parts_;
}

void Attempt::emit(const detail::EventType& type, const void* body, const EmitOptions& options) {
  begin_part();
  options_.emitter->emit_later(type, body, options, [self = shared_from_this()](const Result<Receipt>& result) { self->emitted(result); });
  if (DISPYTCH_MUTATE("settle_before_emits")) emitted(Receipt{});
}

void Attempt::emit(const OutgoingMessage& message) {
  begin_part();
  options_.emitter->emit_later(message, [self = shared_from_this()](const Result<Receipt>& result) { self->emitted(result); });
}

void Attempt::expect_completion() {
  const std::lock_guard lock{mutex_};
  completion_due_ = true;
  ++parts_;
}

void Attempt::complete(Outcome outcome) {
  std::unique_lock lock{mutex_};
  if (!std::exchange(completion_due_, false)) return;
  answer_.outcome = std::move(outcome);
  end_part(std::move(lock));
}

void Attempt::fail(std::string reason) {
  if (reason.empty()) reason = "its Completion said that it failed, and no reason";  // an empty one would say that it didn't
  std::unique_lock lock{mutex_};
  if (!std::exchange(completion_due_, false)) return;
  if (answer_.failure.empty()) answer_.failure = std::move(reason);
  end_part(std::move(lock));
}

std::optional<Attempt::Answer> Attempt::returned(Outcome outcome) {
  const std::lock_guard lock{mutex_};
  if (outcome.kind() != Outcome::Kind::done) answer_.outcome = std::move(outcome);
  if (parts_ > 0 && --parts_ == 0) {
    over_ = true;
    return std::move(answer_);
  }
  waited_for_ = true;
  return std::nullopt;
}

void Attempt::abandon() {
  const std::lock_guard lock{mutex_};
  abandoned_ = true;
}

void Attempt::emitted(const Result<Receipt>& result) {
  std::unique_lock lock{mutex_};
  if (!result) {
    if (answer_.failure.empty()) answer_.failure = "what it emitted was not stored: " + result.error().text;
    answer_.fatal = answer_.fatal || result.error().fatal;
  }
  end_part(std::move(lock));
}

void Attempt::end_part(std::unique_lock<std::mutex> lock) {
  if (parts_ == 0 || --parts_ > 0) return;
  over_ = true;
  if (abandoned_ || !waited_for_) return;
  Answer answer = std::move(answer_);
  lock.unlock();
  options_.answer(std::move(answer));
}

}  // namespace dispytch::listen
