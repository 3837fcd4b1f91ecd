#include <cstdint>

#include <dispytch/handler.hpp>

#include "policy/policy.hpp"

namespace dispytch {

Call::Call(const detail::MessageHandler& handler, detail::Delivery& delivery, std::uint32_t attempt) noexcept
    : messages_{&delivery.message, 1}, handler_{&handler}, delivery_{&delivery}, attempt_{attempt} {}

Call::Call(const detail::BatchHandler& handler, detail::BatchDelivery& delivery, std::uint32_t attempt) noexcept
    : messages_{delivery.messages}, handler_{&handler}, batch_{&delivery}, attempt_{attempt} {}

std::string_view Call::handler() const noexcept { return handler_->name; }

Outcome Call::invoke() const {
  std::optional<Outcome> outcome = batch_ != nullptr ? static_cast<const detail::BatchHandler*>(handler_)->invoke(*batch_)
                                                     : static_cast<const detail::MessageHandler*>(handler_)->invoke(*delivery_);
  if (!outcome) throw detail::Undecodable{};
  return *std::move(outcome);
}

HandlerGroup& HandlerGroup::use(Middleware middleware) {
  for (const auto& handler : changeable_) handler->middleware.push_back(middleware);
  middleware_.push_back(std::move(middleware));
  return *this;
}

void HandlerGroup::add(detail::Handler* made, HandlerOptions options) {
  std::unique_ptr<detail::Handler> handler{made};
  const auto first_said = [](std::string_view own, std::string_view group, std::string_view event) {
    return std::string{!own.empty() ? own : !group.empty() ? group : event};
  };
  const std::string_view event_topic = handler->event != nullptr ? handler->event->topic : std::string_view{};
  handler->topic = first_said(options.topic, options_.topic, event_topic);
  handler->name = std::move(options.name);
  if (handler->name.empty()) {
    handler->name = handler->event != nullptr ? std::string{handler->event->type} : std::string{"any message"};
    handler->name += " on " + handler->topic;
  }
  handler->policy = policy::first_said(options.policy, options_.policy);
  handler->middleware = middleware_;
  handlers_.push_back(changeable_.emplace_back(std::move(handler)));
}

}  // namespace dispytch
