#include "listen/trouble.hpp"

#include <memory>
#include <utility>

#include <dispytch/parameters.hpp>
#include <dispytch/result.hpp>

namespace dispytch::listen {

lane::Verdict put(lane::Item& item, lane::Trouble trouble) {
  item.trouble = std::make_unique<lane::Trouble>(std::move(trouble));
  return lane::Verdict::trouble;
}

lane::Trouble trouble_of(const handle::BoundHandler& handler, const std::exception_ptr& thrown) {
  lane::Trouble trouble{.handler = &handler};
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    trouble.exception = detail::type_name(typeid(exception));
    trouble.reason = trouble.exception + ": " + exception.what();
    const auto* const ours = dynamic_cast<const Exception*>(&exception);
    trouble.fatal = ours != nullptr && ours->error().fatal;  // Result::value() of an emit
  } catch (...) {
    trouble.exception = "unknown";
    trouble.reason = "something was thrown that is no std::exception";
  }
  const ExceptionFilter& only = handler.policy.only;
  trouble.worth_retrying = only.matches == nullptr || only.matches(thrown);
  return trouble;
}

}  // namespace dispytch::listen
