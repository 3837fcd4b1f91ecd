#include "listen/handling_failure.hpp"

#include <memory>
#include <utility>

#include <dispytch/parameters.hpp>
#include <dispytch/result.hpp>

namespace dispytch::listen {

inflight::Verdict fail(inflight::Item& item, inflight::HandlingFailure failure) {
  item.failure = std::make_unique<inflight::HandlingFailure>(std::move(failure));
  return inflight::Verdict::failed;
}

inflight::HandlingFailure failure_of(const handle::BoundHandler& handler, const std::exception_ptr& thrown) {
  inflight::HandlingFailure failure{.handler = &handler};
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    failure.exception = detail::type_name(typeid(exception));
    failure.reason = failure.exception + ": " + exception.what();
    const auto* const ours = dynamic_cast<const Exception*>(&exception);
    failure.fatal = ours != nullptr && ours->error().fatal;  // Result::value() of an emit
  } catch (...) {
    failure.exception = "unknown";
    failure.reason = "something was thrown that is no std::exception";
  }
  failure.worth_retrying = handler.policy.worth_retrying(thrown);
  return failure;
}

}  // namespace dispytch::listen
