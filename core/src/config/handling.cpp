#include "config/handling.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "config/defaults.hpp"
#include "policy/fields.hpp"
#include "policy/policy.hpp"
#include "schema/pointer.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

template <class Value>
Value from_json(const json& written) {
  if constexpr (std::is_enum_v<Value>) {
    static constexpr auto kChoices = policy::choices_of(Value{});
    return std::ranges::find(kChoices, written.get_ref<const std::string&>(), &policy::Choice<Value>::word)->value;
  } else if constexpr (std::is_same_v<Value, milliseconds>) {
    return milliseconds{written.get<std::int64_t>()};
  } else {
    return written.get<Value>();
  }
}

// As a file would have it.
template <class Value>
json to_json(const char* pointer, const policy::Description& description, const Value& value) {
  if constexpr (std::is_enum_v<Value>) {
    static constexpr auto kChoices = policy::choices_of(Value{});
    return std::ranges::find(kChoices, value, &policy::Choice<Value>::value)->word;
  } else if constexpr (std::is_same_v<Value, milliseconds>) {
    return print_listener_count(pointer, value.count());
  } else if constexpr (std::is_floating_point_v<Value>) {
    return value == std::floor(value) ? json(static_cast<std::int64_t>(value)) : json(value);  // 2, not 2.0
  } else {
    return description.is_size ? json(print_listener_count(pointer, static_cast<std::int64_t>(value))) : json(value);
  }
}

// Sets each field of which the entry speaks.
template <class Options>
auto reading(const json& entry, Options& options) {
  return [&entry, &options](const auto& field) {
    using Value = policy::value_of_t<std::remove_cvref_t<decltype(field.get(options))>>;
    if constexpr (!std::is_same_v<Value, ExceptionFilter>) {
      if (const json* const written = schema::find(entry, field.pointer)) field.get(options) = from_json<Value>(*written);
    }
  };
}

// Puts each field into a description.
template <class Options>
auto writing(const Options& options, json& described) {
  return [&options, &described](const auto& field) {
    using Held = std::remove_cvref_t<decltype(field.get(options))>;
    using Value = policy::value_of_t<Held>;
    if constexpr (!std::is_same_v<Value, ExceptionFilter>) {
      const std::string pointer{field.pointer};
      json& place = described[json::json_pointer{pointer}];
      if constexpr (std::is_same_v<Held, Value>) {
        place = to_json(pointer.c_str(), field.description, field.get(options));
      } else {
        place = to_json(pointer.c_str(), field.description, *field.get(options));
      }
    }
  };
}

std::string text_at(const json& entry, const char* pointer) {
  const json* const written = schema::find(entry, pointer);
  return written == nullptr ? "" : written->get<std::string>();
}

}  // namespace

void read_handling(const json& entry, ListenerConfig& listener) {
  policy::DeliveryOptions& handling = listener.handling;
  policy::for_each_delivery_field(reading(entry, handling));
  policy::for_each_policy_field(reading(entry, handling.policy));
  handling.limits.lane = std::min(handling.limits.lane, handling.limits.messages);
  listener.emitter = text_at(entry, "/emitter");
  listener.dead_letter_emitter = text_at(entry, "/dead_letter/emitter");
  if (listener.dead_letter_emitter.empty()) return;
  listener.dead_letter_topic = text_at(entry, "/dead_letter/topic");
  if (listener.dead_letter_topic.empty()) listener.dead_letter_topic = listener_default("/dead_letter/topic");
}

void describe_handling(const ListenerConfig& listener, json& described) {
  const bool has_dead_letters = !listener.dead_letter_emitter.empty();
  policy::for_each_delivery_field(writing(listener.handling, described));
  const HandlingPolicy policy = policy::with_defaults(listener.handling.policy, has_dead_letters);
  policy::for_each_policy_field(writing(policy, described));
  if (!listener.emitter.empty()) described["emitter"] = listener.emitter;
  if (has_dead_letters) described["dead_letter"] = {{"emitter", listener.dead_letter_emitter}, {"topic", listener.dead_letter_topic}};
}

}  // namespace dispytch::config
