#include "border/adapter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::border {
namespace {

// A plugin's open: an error, or a promise that `raw` is there.
template <class Raw, class Open>
std::optional<Error> failed_to_open(const Library& library, const char* doing, Raw*& raw, Open&& open) {
  const SignalsBlocked no_signals;  // the threads that it starts inherit it
  dispytch_error error = empty_error();
  const dispytch_status status = std::forward<Open>(open)(&raw, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, library.id(), doing);
  if (raw != nullptr) return std::nullopt;
  return Error{.code = ErrorCode::internal,
               .text = "the plugin `" + std::string{library.id()} +
                       "` breaks the contract of the plugin border: it says that it opened, but returned nothing."};
}

Error cannot(const Library& library, const char* what) {
  return {.code = ErrorCode::not_implemented,
          .text = "a backend of the plugin `" + std::string{library.id()} + "` can't " + what + " with this configuration."};
}

}  // namespace

Adapter::Adapter(const Library& library, HostOptions options) : library_{library}, host_{std::string{library.id()}, std::move(options)} {}

Adapter::~Adapter() {
  if (raw_ == nullptr) return;
  dispytch_error error = empty_error();
  const dispytch_status status = library_.table().close(raw_, timeout_ms(kCloseTimeout), &error);
  if (status < 0)
    log::error("plugin." + std::string{library_.id()},
               "Closing the backend failed: " + to_error(status, error, library_.id(), "closing a backend").text);
}

Result<std::shared_ptr<Adapter>> Adapter::open(const Library& library, std::string_view json, HostOptions options,
                                               std::chrono::milliseconds timeout) {
  std::shared_ptr<Adapter> adapter{new Adapter{library, std::move(options)}};
  auto error = failed_to_open(library, "opening a backend", adapter->raw_, [&](dispytch_adapter** out, dispytch_error* why) {
    return library.table().open(adapter->host_.raw(), json.data(), json.size(), timeout_ms(timeout), out, why);
  });
  if (error) return *std::move(error);
  return adapter;
}

std::uint64_t Adapter::capabilities() const noexcept { return library_.table().capabilities_of(raw_) & library_.capabilities(); }

std::uint64_t Adapter::producer_capabilities(std::string_view json) const noexcept {
  const dispytch_producer_api* api = library_.table().producer;
  if (api == nullptr || !DISPYTCH_HAS(dispytch_producer_api, api, capabilities_for) || api->capabilities_for == nullptr) {
    return capabilities();
  }
  return api->capabilities_for(raw_, json.data(), json.size()) & library_.capabilities();
}

std::uint64_t Adapter::consumer_capabilities(std::string_view json) const noexcept {
  const dispytch_consumer_api* api = library_.table().consumer;
  if (api == nullptr || !DISPYTCH_HAS(dispytch_consumer_api, api, capabilities_for) || api->capabilities_for == nullptr) {
    return capabilities();
  }
  return api->capabilities_for(raw_, json.data(), json.size()) & library_.capabilities();
}

Result<std::unique_ptr<ProducerHandle>> Adapter::open_producer(std::string_view json, NotifyCallback notify,
                                                               std::chrono::milliseconds timeout) {
  const dispytch_producer_api* api = library_.table().producer;
  if (api == nullptr || !can(DISPYTCH_CAN_PRODUCE)) return cannot(library_, "produce");
  const std::uint64_t capabilities = producer_capabilities(json);
  const std::uint64_t cookie = host_.add_cookie(std::move(notify));
  dispytch_producer* raw = nullptr;
  auto error = failed_to_open(library_, "opening a producer", raw, [&](dispytch_producer** out, dispytch_error* why) {
    return api->open(raw_, json.data(), json.size(), cookie, timeout_ms(timeout), out, why);
  });
  if (error) {
    host_.remove_cookie(cookie);
    return *std::move(error);
  }
  return std::make_unique<ProducerHandle>(shared_from_this(), *api, raw, cookie, capabilities);
}

Result<std::unique_ptr<ConsumerHandle>> Adapter::open_consumer(std::string_view json, NotifyCallback notify,
                                                               std::chrono::milliseconds timeout) {
  const dispytch_consumer_api* api = library_.table().consumer;
  if (api == nullptr || !can(DISPYTCH_CAN_CONSUME)) return cannot(library_, "consume");
  const std::uint64_t capabilities = consumer_capabilities(json);
  const std::uint64_t cookie = host_.add_cookie(std::move(notify));
  dispytch_consumer* raw = nullptr;
  auto error = failed_to_open(library_, "opening a consumer", raw, [&](dispytch_consumer** out, dispytch_error* why) {
    return api->open(raw_, json.data(), json.size(), cookie, timeout_ms(timeout), out, why);
  });
  if (error) {
    host_.remove_cookie(cookie);
    return *std::move(error);
  }
  return std::make_unique<ConsumerHandle>(shared_from_this(), *api, raw, cookie, capabilities);
}

Result<std::unique_ptr<ConsumerHandle>> Adapter::open_consumer(ConsumerDocument document, NotifyCallback notify,
                                                               std::chrono::milliseconds timeout) {
  auto consumer = open_consumer(consumer_document(document), std::move(notify), timeout);
  if (consumer) (*consumer)->remember(std::move(document));
  return consumer;
}

}  // namespace dispytch::border
