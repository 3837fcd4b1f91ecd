// Functions around handlers: from handler to handler.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <dispytch/message.hpp>
#include <dispytch/outcome.hpp>

namespace dispytch {

namespace detail {
class Delivery;
class Handler;
}  // namespace detail

/// One call of a handler, as a middleware sees it. Valid during the call.
class Call {
 public:
  /// Internal: made by the listener.
  Call(const Message& message, const detail::Handler& handler, detail::Delivery& delivery, std::uint32_t attempt) noexcept
      : message_{&message}, handler_{&handler}, delivery_{&delivery}, attempt_{attempt} {}

  const Message& message() const noexcept { return *message_; }
  std::string_view handler() const noexcept;
  /// 1: the message is tried for the first time.
  std::uint32_t attempt() const noexcept { return attempt_; }

  /// Internal: the end of the chain.
  Outcome invoke() const;

 private:
  const Message* message_;
  const detail::Handler* handler_;
  detail::Delivery* delivery_;
  std::uint32_t attempt_;
};

/// A handler, or one with middleware around it. Throws what the handler throws. A handler that finishes later returns done() here.
using HandlerCall = std::function<Outcome(const Call&)>;

/// Made into a chain when the application starts: `middleware(next)` returns what is called in place of `next`. It may look, measure,
/// change the outcome, catch, or not call `next` at all. Several threads at a time.
///
///     group.use([](HandlerCall next) {
///       return [next](const Call& call) { Timer timer{call.handler()}; return next(call); };
///     });
using Middleware = std::function<HandlerCall(HandlerCall next)>;

}  // namespace dispytch
