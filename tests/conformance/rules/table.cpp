// What can be seen without opening anything.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

void is_complete(Scene& scene) {
  const dispytch_plugin& plugin = scene.plugin;
  constexpr std::size_t kMandatory = offsetof(dispytch_plugin, extension);
  expect(plugin.abi_major == DISPYTCH_ABI_MAJOR, "abi_major is ", plugin.abi_major, ", expected ", DISPYTCH_ABI_MAJOR);
  expect(plugin.size >= kMandatory, "size is ", plugin.size, ", expected at least ", kMandatory);
  expect(plugin.open != nullptr, "open is NULL");
  expect(plugin.close != nullptr, "close is NULL");
  expect(plugin.capabilities_of != nullptr, "capabilities_of is NULL");
  const bool first_version = plugin.abi_minor == 0;
  if (const dispytch_producer_api* api = plugin.producer; api != nullptr) {
    const std::size_t least = first_version ? offsetof(dispytch_producer_api, capabilities_for) : sizeof(dispytch_producer_api);
    expect(api->size >= least, "producer->size is ", api->size, ", expected at least ", least);
    expect(api->open && api->send && api->reports && api->flush && api->close, "a function of the producer's table is NULL");
  }
  if (const dispytch_consumer_api* api = plugin.consumer; api != nullptr) {
    const std::size_t least = first_version ? offsetof(dispytch_consumer_api, capabilities_for) : sizeof(dispytch_consumer_api);
    expect(api->size >= least, "consumer->size is ", api->size, ", expected at least ", least);
    expect(api->open && api->poll && api->wake && api->release && api->settle && api->sync && api->headers && api->close,
           "a function of the consumer's table is NULL");
  }
}

void has_a_name(Scene& scene) {
  const dispytch_plugin& plugin = scene.plugin;
  expect(plugin.id != nullptr && *plugin.id != '\0', "id is empty");
  expect(plugin.version != nullptr && *plugin.version != '\0', "version is empty");
  const std::string id = plugin.id;
  const bool plain =
      std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
  expect(plain, "id is \"", id, "\", expected lower-case letters, digits, _ and - alone: it is typed in config files");
  expect(scene.options.id.empty() || id == scene.options.id, "id is \"", id, "\", expected \"", scene.options.id,
         "\", the name of its file");
}

void claims_what_it_has(Scene& scene) {
  const dispytch_plugin& plugin = scene.plugin;
  const auto claims = [&](std::uint64_t bit) { return (plugin.capabilities & bit) != 0; };
  expect(claims(DISPYTCH_CAN_PRODUCE) == (plugin.producer != nullptr), "CAN_PRODUCE and the producer's table don't go together");
  expect(claims(DISPYTCH_CAN_CONSUME) == (plugin.consumer != nullptr), "CAN_CONSUME and the consumer's table don't go together");
  expect(plugin.producer != nullptr || plugin.consumer != nullptr, "it can neither produce nor consume");
  if (plugin.consumer == nullptr) return;
  expect(!claims(DISPYTCH_CAN_PAUSE) || plugin.consumer->pause != nullptr, "CAN_PAUSE is claimed, and pause is NULL");
  expect(!claims(DISPYTCH_CAN_SEEK) || plugin.consumer->seek != nullptr, "CAN_SEEK is claimed, and seek is NULL");
}

void has_a_schema(Scene& scene) {
  const char* const text = scene.plugin.config_schema;
  expect(text != nullptr, "config_schema is NULL");
  const nlohmann::json schema = nlohmann::json::parse(text, nullptr, false);
  expect(schema.is_object(), "config_schema is not the JSON text of an object");
  const nlohmann::json defs = schema.value("$defs", nlohmann::json{});
  expect(defs.is_object(), "config_schema has no $defs");
  std::vector<const char*> needed{"backend"};
  if (scene.plugin.producer != nullptr) needed.push_back("producer");
  if (scene.plugin.consumer != nullptr) needed.insert(needed.end(), {"consumer", "topic"});
  for (const char* name : needed) {
    expect(defs.contains(name), "config_schema has no $defs/", name);
    expect(defs[name].is_object() || defs[name].is_boolean(), "$defs/", name, " is no schema");
  }
}

void knows_its_extensions(Scene& scene) {
  if (!DISPYTCH_HAS(dispytch_plugin, &scene.plugin, extension) || scene.plugin.extension == nullptr) {
    throw NotClaimed{"the plugin has no extensions"};
  }
  expect(scene.plugin.extension("dispytch.conformance.no-such-thing/1") == nullptr, "extension offers what nobody has defined");
}

constexpr std::array kTableRules{
    offline(Rule{"table.is_complete", 0, "The table has version 1, at least the size of 1.0, and every function that is not optional.",
                 is_complete}),
    offline(Rule{"table.has_a_name", 0, "id and version are said; id is the name of the plugin's file.", has_a_name}),
    offline(
        Rule{"table.claims_what_it_has", 0, "A capability is claimed if and only if the functions for it are there.", claims_what_it_has}),
    offline(
        Rule{"table.has_a_schema", 0, "config_schema is a JSON Schema with $defs backend, producer, consumer and topic.", has_a_schema}),
    offline(Rule{"table.knows_its_extensions", 0, "extension returns NULL for an id that it doesn't know.", knows_its_extensions}),
};

}  // namespace

std::span<const Rule> table_rules() { return kTableRules; }

}  // namespace dispytch::conformance
