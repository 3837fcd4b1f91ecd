#include "border/table_check.hpp"

#include <cstddef>
#include <cstdint>

#include <initializer_list>
#include <optional>

namespace dispytch::border {
namespace {

struct Function {
  bool missing;
  const char* name;
};

std::optional<std::string> first_missing(std::initializer_list<Function> functions) {
  for (const Function& function : functions) {
    if (function.missing) return function.name;
  }
  return std::nullopt;
}

std::string too_small(const char* what, std::size_t found, std::size_t expected) {
  return std::string{what} + " has " + std::to_string(found) + " bytes, where version 1.0 has " + std::to_string(expected);
}

// Every function of version 1.0 is mandatory but for pause and seek, which belong to capabilities. What 1.1 appended may be missing.
constexpr std::size_t kLeastPlugin = offsetof(dispytch_plugin, close) + sizeof(dispytch_plugin::close);
constexpr std::size_t kLeastProducer = offsetof(dispytch_producer_api, close) + sizeof(dispytch_producer_api::close);
constexpr std::size_t kLeastConsumer = offsetof(dispytch_consumer_api, close) + sizeof(dispytch_consumer_api::close);

std::optional<std::string> wrong_producer(const dispytch_plugin& table) {
  const dispytch_producer_api* api = table.producer;
  if (api == nullptr) {
    if ((table.capabilities & DISPYTCH_CAN_PRODUCE) == 0) return std::nullopt;
    return "it claims that it can produce, but has no producer table";
  }
  if (api->size < kLeastProducer) return too_small("its producer table", api->size, kLeastProducer);
  const auto missing = first_missing({{api->open == nullptr, "open"},
                                      {api->send == nullptr, "send"},
                                      {api->reports == nullptr, "reports"},
                                      {api->flush == nullptr, "flush"},
                                      {api->close == nullptr, "close"}});
  if (missing) return "its producer table has no function `" + *missing + "`";
  return std::nullopt;
}

std::optional<std::string> wrong_consumer(const dispytch_plugin& table) {
  const dispytch_consumer_api* api = table.consumer;
  if (api == nullptr) {
    if ((table.capabilities & DISPYTCH_CAN_CONSUME) == 0) return std::nullopt;
    return "it claims that it can consume, but has no consumer table";
  }
  if (api->size < kLeastConsumer) return too_small("its consumer table", api->size, kLeastConsumer);
  const auto missing = first_missing({{api->open == nullptr, "open"},
                                      {api->poll == nullptr, "poll"},
                                      {api->wake == nullptr, "wake"},
                                      {api->release == nullptr, "release"},
                                      {api->settle == nullptr, "settle"},
                                      {api->sync == nullptr, "sync"},
                                      {api->headers == nullptr, "headers"},
                                      {api->close == nullptr, "close"}});
  if (missing) return "its consumer table has no function `" + *missing + "`";
  const auto claimed = [&](std::uint64_t bit) { return (table.capabilities & bit) != 0; };
  const auto unkept = first_missing(
      {{claimed(DISPYTCH_CAN_PAUSE) && api->pause == nullptr, "pause"}, {claimed(DISPYTCH_CAN_SEEK) && api->seek == nullptr, "seek"}});
  if (unkept) return "it claims the capability `" + *unkept + "`, but its consumer table has no function of that name";
  if (claimed(DISPYTCH_CAN_BEGIN) && (!DISPYTCH_HAS(dispytch_consumer_api, api, begin) || api->begin == nullptr)) {
    return "it claims the capability `begin`, but its consumer table has no function of that name";
  }
  return std::nullopt;
}

std::optional<std::string> wrong(const dispytch_plugin& table) {
  if (table.size < kLeastPlugin) return too_small("its table", table.size, kLeastPlugin);
  if (table.abi_major != DISPYTCH_ABI_MAJOR) {
    return "its table is of major version " + std::to_string(table.abi_major) + ", but was returned by the entry of version " +
           std::to_string(DISPYTCH_ABI_MAJOR);
  }
  if (table.id == nullptr || *table.id == '\0') return "it has no id";
  if (table.version == nullptr) return "it has no version";
  if (table.config_schema == nullptr) return "it has no config schema";
  const auto missing = first_missing(
      {{table.open == nullptr, "open"}, {table.capabilities_of == nullptr, "capabilities_of"}, {table.close == nullptr, "close"}});
  if (missing) return "its table has no function `" + *missing + "`";
  if (table.producer == nullptr && table.consumer == nullptr) return "it can neither produce nor consume";
  if (auto found = wrong_producer(table)) return found;
  return wrong_consumer(table);
}

}  // namespace

Result<void> check_table(const dispytch_plugin& table, const std::string& name) {
  if (const auto found = wrong(table)) {
    return Error{.code = ErrorCode::invalid,
                 .text = name + " breaks the contract of the plugin border: " + *found + ". Only its author can mend that."};
  }
  return {};
}

}  // namespace dispytch::border
