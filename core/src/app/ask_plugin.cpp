#include "app/ask_plugin.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/document.hpp"
#include "border/library.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::app {
namespace {

constexpr std::chrono::seconds kTimeout{5};
constexpr std::chrono::milliseconds kNoWaiting{0};

std::optional<Error> ask_producer(border::Adapter& adapter, const nlohmann::json& entry) {
  std::chrono::milliseconds timeout = config::EmitterConfig{}.timeout;
  if (const auto written = entry.find("timeout"); written != entry.end() && written->is_number_integer()) {
    timeout = std::chrono::milliseconds{written->get<std::int64_t>()};
  }
  const auto producer = adapter.open_producer(border::producer_document(entry.at("config"), timeout), {}, kNoWaiting);
  return producer ? std::nullopt : std::optional{producer.error()};
}

// Without topics and group a consumer can neither join nor take anything; that they are missing isn't what was asked.
std::optional<Error> ask_consumer(border::Adapter& adapter, const nlohmann::json& entry) {
  const auto consumer = adapter.open_consumer(border::consumer_document({.config = entry.at("config")}), {}, kNoWaiting);
  if (consumer || !consumer.error().text.starts_with("/config")) return std::nullopt;
  return consumer.error();
}

}  // namespace

std::optional<Error> ask_plugin(const config::Candidate& candidate) {
  const Result<const border::Library*> library = border::load(candidate.plugin, {.config_paths = candidate.plugin_paths});
  if (!library) return std::nullopt;  // looked at a moment ago
  const auto adapter =
      border::Adapter::open(**library, border::config_document(candidate.backend),
                            {.application = "dispytch", .version = DISPYTCH_VERSION, .clock = &system_clock(), .quiet = true}, kTimeout);
  if (candidate.section == config::Section::backends) return adapter ? std::nullopt : std::optional{adapter.error()};
  if (!adapter) return std::nullopt;  // told of the backend
  return candidate.section == config::Section::emitters ? ask_producer(**adapter, candidate.entry)
                                                        : ask_consumer(**adapter, candidate.entry);
}

}  // namespace dispytch::app
