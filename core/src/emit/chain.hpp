// The middleware of one emitter, made into a chain around the sending of a message.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <dispytch/emit_middleware.hpp>

namespace dispytch::emit {

/// Any thread, several at a time.
class Chain {
 public:
  /// Sends a message: called by the end of the chain.
  using Send = std::function<Result<void>(const OutgoingMessage& message)>;

  /// The first middleware is the outermost. `emitter`: its name, for errors.
  Chain(std::string emitter, const std::vector<EmitMiddleware>& middleware);
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  bool empty() const noexcept { return !first_; }

  /// Calls the chain with the message, which it may change. Without an error, the message was sent.
  Result<void> pass(OutgoingMessage& message, const Send& send) const;

 private:
  struct Passage;
  Result<void> arrive(OutgoingMessage& message) const;
  Error name(std::string what, const OutgoingMessage& message) const;

  const std::string emitter_;
  EmitCall first_ = {};  // empty: there is no middleware
};

}  // namespace dispytch::emit
