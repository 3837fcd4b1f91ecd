#include "emit/chain.hpp"

#include <optional>
#include <utility>

#include "base/log.hpp"

namespace dispytch::emit {

// One message's way through a chain.
struct Chain::Passage {
  const Chain* chain;
  const Send* send;
  bool sent = false;
  std::optional<Error> refused = {};  // by what lies behind the chain
};

namespace {

// Of the message that this thread emits now. A middleware may emit on its own: then the outer one's waits on the stack.
thread_local void* passing = nullptr;

class Current {
 public:
  explicit Current(void* passage) noexcept : outer_{std::exchange(passing, passage)} {}
  ~Current() { passing = outer_; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  void* outer_;
};

}  // namespace

Chain::Chain(std::string emitter, const std::vector<EmitMiddleware>& middleware) : emitter_{std::move(emitter)} {
  if (middleware.empty()) return;
  EmitCall call = [this](OutgoingMessage& message) { return arrive(message); };
  for (auto one = middleware.rbegin(); one != middleware.rend(); ++one) {
    call = *one ? (*one)(std::move(call)) : nullptr;
    if (!call) throw Exception{ErrorCode::invalid, "a middleware of emitter `" + emitter_ + "` is empty, or returned an empty function"};
  }
  first_ = std::move(call);
}

Error Chain::name(std::string what, const OutgoingMessage& message) const {
  return {.code = ErrorCode::invalid,
          .text = "a middleware of emitter `" + emitter_ + "` " + std::move(what) + " a message for topic `" + message.topic + "`"};
}

// The end of the chain.
Result<void> Chain::arrive(OutgoingMessage& message) const {
  auto* const passage = static_cast<Passage*>(passing);
  if (passage == nullptr || passage->chain != this) return name("called `next` outside of the emit of", message);
  if (passage->sent) return name("called `next` a second time for", message);
  Result<void> result = (*passage->send)(message);
  passage->sent = result.has_value();
  passage->refused = result ? std::nullopt : std::optional{result.error()};
  return result;
}

Result<void> Chain::pass(OutgoingMessage& message, const Send& send) const {
  Passage passage{.chain = this, .send = &send};
  Result<void> result;
  try {
    const Current current{&passage};
    result = first_(message);
  } catch (const std::exception& exception) {
    result = name("threw for", message);
    result = Error{.code = ErrorCode::invalid, .text = result.error().text + ": " + exception.what()};
  } catch (...) {
    result = name("threw something that is no std::exception for", message);
  }
  if (passage.sent) {  // the broker's answer is the emit's
    if (!result) log::warning("emitter." + emitter_, "it was sent all the same: " + result.error().text);
    return {};
  }
  if (!result) return result;
  if (passage.refused) return *passage.refused;  // which a middleware kept to itself
  return name("neither called `next` nor gave an error for", message);
}

}  // namespace dispytch::emit
