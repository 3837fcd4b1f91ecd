#include <dispytch/emitter.hpp>

#include "border/access.hpp"
#include "emit/emitter_core.hpp"

namespace dispytch {

EventEmitter::EventEmitter(Producer producer, EmitterOptions options)
    : core_{detail::EmitterCore::make(border::Access::take(std::move(producer)), {.name = std::move(options.name),
                                                                                  .timeout = options.room_timeout,
                                                                                  .wire = std::move(options.wire),
                                                                                  .middleware = std::move(options.middleware)})} {}

Result<Receipt> EventEmitter::emit_and_wait(const detail::EventType& type, const void* body, const EmitOptions& options) {
  return core_->emit_and_wait(type, body, options);
}

void EventEmitter::emit_later(const detail::EventType& type, const void* body, const EmitOptions& options, Done done) {
  core_->emit_later(type, body, options, std::move(done));
}

Result<Receipt> EventEmitter::emit(const OutgoingMessage& message) { return core_->emit_and_wait(message); }

void EventEmitter::emit(const OutgoingMessage& message, Done done) { core_->emit_later(message, std::move(done)); }

std::size_t EventEmitter::outstanding() const { return core_->unanswered(); }

Result<void> EventEmitter::flush(std::chrono::milliseconds timeout) { return core_->flush(timeout); }

}  // namespace dispytch
