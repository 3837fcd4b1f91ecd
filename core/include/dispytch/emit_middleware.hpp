// Functions around emits: from emit to emit.
#pragma once

#include <functional>

#include <dispytch/message.hpp>
#include <dispytch/result.hpp>

namespace dispytch {

/// Hands a message on, at the end of the chain to the broker's client. An Error: it was not sent, and the emit ends with that error.
/// Without one the message is on its way; what became of it comes to whoever emitted it, not here.
using EmitCall = std::function<Result<void>(OutgoingMessage& message)>;

/// Made into a chain when the emitter is opened: `middleware(next)` returns what is called in place of `next`, with the message as it would
/// be sent, encoded. It may look at topic, key, headers and payload, change them, measure, or refuse the message by an Error of its own.
/// One that neither calls `next` nor says why is an error of the emit (ErrorCode::invalid), and so is an exception. `next` is called during
/// the call, on its thread, and sends a message at most once. It runs on the emitting threads, several at a time, and adds its time to
/// theirs.
///
///     emitter_options.middleware.push_back([](EmitCall next) -> EmitCall {
///       return [next](OutgoingMessage& message) {
///         message.headers.emplace_back("trace", current_trace());
///         return next(message);
///       };
///     });
///
/// Dead letters pass none: they carry the bytes that came. An emitter without middleware doesn't pay for it; with some, each event is
/// copied once more.
using EmitMiddleware = std::function<EmitCall(EmitCall next)>;

}  // namespace dispytch
