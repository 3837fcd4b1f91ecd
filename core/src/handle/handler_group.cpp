#include <dispytch/handler.hpp>

namespace dispytch {

void HandlerGroup::add(std::unique_ptr<detail::Handler> handler, HandlerOptions options) {
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
  handlers_.push_back(std::move(handler));
}

}  // namespace dispytch
