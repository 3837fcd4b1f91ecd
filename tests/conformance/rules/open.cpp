// Opening backends, and being refused.
#include <array>
#include <cstdint>
#include <cstring>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

void capabilities_are_a_subset(Scene& scene) {
  const std::uint64_t opened = scene.adapter().capabilities();
  expect((opened & ~scene.plugin.capabilities) == 0, "capabilities_of says bits 0x", std::hex, opened & ~scene.plugin.capabilities,
         " which the table doesn't");
  expect(scene.adapter().capabilities() == opened, "two calls of capabilities_of differ");
}

void objects_can_no_more_than_the_table(Scene& scene) {
  const auto check = [&](const char* what, auto capabilities_for, const std::string& json) {
    if (capabilities_for == nullptr) return false;
    const std::uint64_t can = capabilities_for(scene.adapter().raw(), json.data(), json.size());
    expect((can & ~scene.plugin.capabilities) == 0, "capabilities_for of a ", what, " says bits 0x", std::hex,
           can & ~scene.plugin.capabilities, " which the table doesn't");
    expect(capabilities_for(scene.adapter().raw(), json.data(), json.size()) == can, "two calls of capabilities_for of a ", what,
           " differ");
    return true;
  };
  const dispytch_producer_api* const producer = scene.plugin.producer;
  const dispytch_consumer_api* const consumer = scene.plugin.consumer;
  bool has_any = false;
  if (producer != nullptr && DISPYTCH_HAS(dispytch_producer_api, producer, capabilities_for)) {
    has_any |= check("producer", producer->capabilities_for, scene.producer_json());
  }
  if (consumer != nullptr && DISPYTCH_HAS(dispytch_consumer_api, consumer, capabilities_for)) {
    has_any |= check("consumer", consumer->capabilities_for, scene.consumer_json({}));
  }
  if (!has_any) throw NotClaimed{"the plugin has no capabilities_for: capabilities_of holds for all"};
}

void close(Scene& scene, dispytch_adapter* adapter) {
  dispytch_error error = empty_error();
  scene.plugin.close(adapter, 1000, &error);
}

// A value that can't be right: the first option whose type the schema says gets an object.
nlohmann::json broken_config(const Scene& scene, std::string& option) {
  const nlohmann::json schema = nlohmann::json::parse(scene.plugin.config_schema, nullptr, false);
  const nlohmann::json properties = schema.value(nlohmann::json::json_pointer{"/$defs/backend/properties"}, nlohmann::json::object());
  for (const auto& [name, property] : properties.items()) {
    if (!property.is_object() || !property.contains("type") || !property["type"].is_string()) continue;
    if (property["type"] == "object" || property["type"] == "array") continue;  // its inside may be looked into later, or never
    nlohmann::json config = scene.options.config;
    config[name] = nlohmann::json::object();
    option = name;
    return config;
  }
  return nullptr;
}

void refuses_a_wrong_config(Scene& scene) {
  nlohmann::json config = scene.options.refused_config;
  std::string option;
  if (config.is_null()) config = broken_config(scene, option);
  if (config.is_null()) throw NotTried{"`refused_config`, as the schema has no option with a plain type"};
  dispytch_adapter* out = nullptr;
  const std::string json = nlohmann::json{{"config", config}}.dump();
  const Outcome outcome = Adapter::try_open(scene.plugin, *scene.host.raw(), json, scene.options.patience, &out);
  expect(out == nullptr || outcome.ok(), "open failed and wrote to *out all the same");
  if (outcome.ok()) close(scene, out);
  expect(!outcome.ok(), "open took ", json);
  expect(outcome.status == DISPYTCH_ECONFIG, "expected ECONFIG for ", json, ", got ", to_string(outcome));
  const std::string text = outcome.error.text;
  const std::string pointer = "/config" + (option.empty() ? "" : "/" + option);
  expect(text.starts_with(pointer), "expected a text that begins with the JSON pointer of the option, ", pointer, "..., got \"", text,
         "\"");
}

void refuses_broken_json(Scene& scene) {
  for (const std::string json : {"{\"config\":", "", "{\"config\":{\"a\":\"\\u12"}) {
    dispytch_adapter* out = nullptr;
    const Outcome outcome = Adapter::try_open(scene.plugin, *scene.host.raw(), json, scene.options.patience, &out);
    if (outcome.ok()) close(scene, out);
    expect(!outcome.ok(), "open took the broken JSON text '", json, "'");
    expect(outcome.error.text[0] != '\0', "open refused the broken JSON text '", json, "' and gave no reason");
  }
}

void two_adapters_are_independent(Scene& scene) {
  Adapter second{scene.plugin, scene.host, scene.backend_json(), scene.options.patience};
  scene.adapter();
  const Outcome closed = second.close(scene.options.patience);
  expect(closed.ok(), "close failed: ", to_string(closed));
  scene.publish({scene.message(1)});
}

void opens_again_after_a_close(Scene& scene) {
  for (int i = 0; i < 3; ++i) {
    Adapter adapter{scene.plugin, scene.host, scene.backend_json(), scene.options.patience};
    const Outcome closed = adapter.close(scene.options.patience);
    expect(closed.ok(), "close failed: ", to_string(closed));
  }
}

constexpr std::array kOpenRules{
    Rule{"open.capabilities_are_a_subset", 0, "capabilities_of says no more than the table does, and always the same.",
         capabilities_are_a_subset},
    Rule{"open.objects_can_no_more_than_the_table", 0, "capabilities_for says no more than the table does, and always the same.",
         objects_can_no_more_than_the_table},
    offline(Rule{"open.refuses_a_wrong_config", 0,
                 "A config that can't be right is ECONFIG, with a text that begins with the option's JSON pointer; *out is untouched.",
                 refuses_a_wrong_config}),
    offline(Rule{"open.refuses_broken_json", 0, "Text that is no JSON is an error with a reason, not a crash.", refuses_broken_json}),
    Rule{"open.adapters_are_independent", DISPYTCH_CAN_PRODUCE, "Closing one of two opened backends leaves the other at work.",
         two_adapters_are_independent},
    Rule{"open.works_again_after_a_close", 0, "A backend can be opened and closed time and again in one process.",
         opens_again_after_a_close},
};

}  // namespace

std::span<const Rule> open_rules() { return kOpenRules; }

}  // namespace dispytch::conformance
