#include "handle/bind.hpp"

#include "route/topic_pattern.hpp"

namespace dispytch::handle {

std::vector<void*> bind_parameters(std::string_view who, const std::vector<detail::Parameter>& parameters, const Providers& providers,
                                   std::vector<std::string>& problems) {
  std::vector<void*> objects;
  objects.reserve(parameters.size());
  for (const detail::Parameter& parameter : parameters) {
    void* object = nullptr;
    if (parameter.kind == detail::ParameterKind::provided) {
      object = providers.find(parameter.type, parameter.name);
      if (object == nullptr) {
        const std::string named = parameter.name.empty() ? "" : " named \"" + std::string{parameter.name} + "\"";
        problems.push_back(std::string{who} + ": nothing provides its parameter of type " + detail::type_name(parameter.type) + named +
                           "; provided are: " + providers.list());
      }
    }
    objects.push_back(object);
  }
  return objects;
}

BoundHandler bind(const detail::Handler& handler, const Providers& providers, std::vector<std::string>& problems) {
  const std::string who = "handler `" + handler.name + "`";
  BoundHandler bound{&handler, bind_parameters(who, handler.parameters, providers, problems)};
  const route::TopicPattern pattern{handler.topic};
  if (handler.topic.empty()) {
    problems.push_back(who + ": has no topic; give one to the handler, to its group, or to the event (`static constexpr auto topic`)");
  }
  for (const detail::Parameter& parameter : handler.parameters) {
    if (parameter.kind == detail::ParameterKind::segment && !pattern.has_segment(parameter.name)) {
      problems.push_back(who + ": takes the topic segment `" + std::string{parameter.name} + "`, which its topic `" + handler.topic +
                         "` doesn't have");
    }
    if (parameter.kind == detail::ParameterKind::body && providers.has_type(parameter.type)) {
      problems.push_back(who + ": " + detail::type_name(parameter.type) +
                         " is both the event's body and a provided type; provide it under another type");
    }
  }
  return bound;
}

}  // namespace dispytch::handle
