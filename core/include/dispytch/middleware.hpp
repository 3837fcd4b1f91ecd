// Functions around handlers: from handler to handler.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <dispytch/message.hpp>
#include <dispytch/outcome.hpp>

namespace dispytch {

namespace detail {
class BatchDelivery;
class BatchHandler;
class Delivery;
class Handler;
class MessageHandler;
}  // namespace detail

/// One call of a handler, as a middleware sees it. Valid during the call.
class Call {
 public:
  /// Internal: made by the listener.
  Call(const detail::MessageHandler& handler, detail::Delivery& delivery, std::uint32_t attempt) noexcept;
  Call(const detail::BatchHandler& handler, detail::BatchDelivery& delivery, std::uint32_t attempt) noexcept;

  /// The message; of a batch the first.
  const Message& message() const noexcept { return messages_.front(); }
  /// All that the call is about: one, but for a handler of batches.
  std::span<const Message> messages() const noexcept { return messages_; }
  std::string_view handler() const noexcept;
  /// 1: the message, or the first of the batch, is tried for the first time.
  std::uint32_t attempt() const noexcept { return attempt_; }

  /// Internal: the end of the chain.
  Outcome invoke() const;

 private:
  std::span<const Message> messages_;
  const detail::Handler* handler_;
  detail::Delivery* delivery_ = nullptr;    // of a MessageHandler
  detail::BatchDelivery* batch_ = nullptr;  // of a BatchHandler
  std::uint32_t attempt_;
};

/// A handler, or one with middleware around it. Throws what the handler throws. A handler that finishes later returns done() here. Of a
/// batch the outcome is that of the messages of which the handler said nothing.
using HandlerCall = std::function<Outcome(const Call&)>;

/// Made into a chain when the application starts: `middleware(next)` returns what is called in place of `next`. It may look, measure,
/// change the outcome, catch, or not call `next` at all. Several threads at a time.
///
///     group.use([](HandlerCall next) {
///       return [next](const Call& call) { Timer timer{call.handler()}; return next(call); };
///     });
using Middleware = std::function<HandlerCall(HandlerCall next)>;

}  // namespace dispytch
