#include "handle/bind.hpp"

#include <algorithm>
#include <utility>

#include "topic/pattern.hpp"

namespace dispytch::handle {

namespace {

std::string nothing_provides(std::string_view who, const detail::Parameter& parameter, const Providers& providers) {
  const std::string named = parameter.name.empty() ? "" : " named \"" + std::string{parameter.name} + "\"";
  return std::string{who} + ": nothing provides its parameter of type " + detail::type_name(parameter.type) + named +
         "; provided are: " + providers.list();
}

// Puts what a call needs into the order of making. The factories have been checked: none is missing, none waits for itself.
class Plan {
 public:
  Plan(const Providers& providers, std::vector<MadeForCall>& made) : providers_{providers}, made_{made} {}

  std::size_t place_of(const Providers::Entry& entry) {
    const auto known = std::ranges::find(made_, entry.factory.get(), &MadeForCall::factory);
    if (known != made_.end()) return static_cast<std::size_t>(known - made_.begin());
    MadeForCall made{.factory = entry.factory.get()};
    for (const detail::Parameter& parameter : entry.factory->parameters) {
      const Providers::Entry& of = *providers_.find_entry(parameter.type, parameter.name);
      if (of.is_made_for_each_call()) {
        made.arguments.push_back({.made = place_of(of)});
      } else {
        made.arguments.push_back({.object = of.object});
      }
    }
    made_.push_back(std::move(made));
    return made_.size() - 1;
  }

 private:
  const Providers& providers_;
  std::vector<MadeForCall>& made_;
};

}  // namespace

std::vector<void*> bind_parameters(std::string_view who, const std::vector<detail::Parameter>& parameters, const Providers& providers,
                                   std::vector<std::string>& problems) {
  std::vector<void*> objects;
  objects.reserve(parameters.size());
  for (const detail::Parameter& parameter : parameters) {
    const Providers::Entry* entry = nullptr;
    if (parameter.kind == detail::ParameterKind::provided) {
      entry = providers.find_entry(parameter.type, parameter.name);
      if (entry == nullptr) {
        problems.push_back(nothing_provides(who, parameter, providers));
      } else if (entry->is_made_for_each_call()) {
        problems.push_back(std::string{who} + ": takes " + detail::type_name(parameter.type) +
                           ", which is made for each call of a handler; let it take what that is made of");
      }
    }
    objects.push_back(entry == nullptr ? nullptr : entry->object);
  }
  return objects;
}

void find_provided(BoundHandler& bound, const Providers& providers) {
  const std::vector<detail::Parameter>& parameters = bound.handler->parameters;
  bound.provided.assign(parameters.size(), nullptr);
  bound.made_for_call.clear();
  bound.takes_of_call.clear();
  Plan plan{providers, bound.made_for_call};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].kind != detail::ParameterKind::provided) continue;
    const Providers::Entry& entry = *providers.find_entry(parameters[i].type, parameters[i].name);
    if (entry.is_made_for_each_call()) {
      bound.takes_of_call.emplace_back(i, plan.place_of(entry));
    } else {
      bound.provided[i] = entry.object;
    }
  }
}

namespace {

void check_policy(const std::string& who, const policy::Policy& policy, const Surroundings& surroundings,
                  std::vector<std::string>& problems) {
  const bool buries = policy.on_failure == OnFailure::dead_letter || policy.on_undecodable == OnFailure::dead_letter;
  if (buries && !surroundings.dead_letters) {
    problems.push_back(who + ": its failures go to the dead letters, of which its listener has none; give it a `dead_letter` " +
                       "in the config file, or another `on_failure`");
  }
  if (policy.requeues && !surroundings.can_requeue) {
    problems.push_back(who + ": its long waits are to be the broker's (`beyond_in_place_max: requeue`), but the listener's backend can't " +
                       "take a message back and deliver it later; write `refuse`, and keep its backoff within `retry.in_place_max`");
  } else if (!policy.requeues && policy.attempts > 1 && policy.max > surroundings.in_place_max) {
    problems.push_back(who + ": its backoff may wait longer (max) than `retry.in_place_max` lets a message hold its lane; lower the one " +
                       "or raise the other" +
                       (surroundings.can_requeue ? ", or let the broker keep the message meanwhile: `beyond_in_place_max: requeue`"
                                                 : "; its backend can't keep a message for that long instead"));
  }
  if (policy.initial > policy.max) problems.push_back(who + ": its backoff begins (initial) beyond its longest wait (max)");
  if (policy.factor < 1) problems.push_back(who + ": its backoff's factor is below 1");
  if (policy.jitter < 0 || policy.jitter > 1) problems.push_back(who + ": its backoff's jitter is not between 0 and 1");
}

void check_batches(const std::string& who, const detail::Gathering& gathers, const Surroundings& surroundings,
                   std::vector<std::string>& problems) {
  if (gathers.max == 0) problems.push_back(who + ": takes batches of at most 0 messages (max); it must be at least 1");
  if (gathers.max > surroundings.unfinished) {
    problems.push_back(who + ": takes batches of up to " + std::to_string(gathers.max) +
                       " messages (max), which never come together: its " + "listener has at most " +
                       std::to_string(surroundings.unfinished) + " unfinished (`limits.messages`); lower the one " + "or raise the other");
  }
  if (gathers.wait < std::chrono::milliseconds{0}) problems.push_back(who + ": its batches wait for less than no time (wait)");
}

}  // namespace

BoundHandler bind(const detail::Handler& handler, const Providers& providers, std::vector<std::string>& problems,
                  const Surroundings& surroundings) {
  const std::string who = "handler `" + handler.name + "`";
  BoundHandler bound{.handler = &handler};
  const topic::Pattern pattern{handler.topic};
  if (handler.topic.empty()) {
    problems.push_back(who + ": has no topic; give one to the handler, to its group, or to the event (`static constexpr auto topic`)");
  }
  for (std::size_t i = 0; i < handler.parameters.size(); ++i) {
    const detail::Parameter& parameter = handler.parameters[i];
    if (parameter.kind == detail::ParameterKind::segment && !pattern.has_segment(parameter.name)) {
      problems.push_back(who + ": takes the topic segment `" + std::string{parameter.name} + "`, which its topic `" + handler.topic +
                         "` doesn't have");
    }
    if (parameter.kind == detail::ParameterKind::body && providers.has_type(parameter.type)) {
      problems.push_back(who + ": " + detail::type_name(parameter.type) +
                         " is both the event's body and a provided type; provide it under another type");
    }
    const bool provided = parameter.kind == detail::ParameterKind::provided;
    if (provided && providers.find_entry(parameter.type, parameter.name) == nullptr)
      problems.push_back(nothing_provides(who, parameter, providers));
  }
  bound.policy = policy::resolve(policy::first_said(handler.policy, surroundings.policy), surroundings.dead_letters);
  check_policy(who, bound.policy, surroundings, problems);
  if (handler.gathers) check_batches(who, *handler.gathers, surroundings, problems);
  if (policy::Gate::wanted(bound.policy)) bound.gate = std::make_shared<policy::Gate>(bound.policy);
  if (!handler.middleware.empty()) {
    bound.chain = [](const Call& call) { return call.invoke(); };
    for (auto middleware = handler.middleware.rbegin(); middleware != handler.middleware.rend(); ++middleware) {
      bound.chain = (*middleware)(std::move(bound.chain));
    }
  }
  return bound;
}

}  // namespace dispytch::handle
