#include "border/consumer_handle.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/log.hpp"
#include "border/error.hpp"

namespace dispytch::border {
namespace {

// Where the elements of a plugin are shorter than ours: copies of them with zeroes ("nothing said") behind, and their new stride.
template <class T>
void lengthen(const T*& first, std::uint32_t& stride, std::uint32_t count, std::vector<T>& storage) {
  if (stride >= sizeof(T) || count == 0) return;
  storage.assign(count, T{});
  for (std::uint32_t i = 0; i < count; ++i) {
    std::memcpy(static_cast<void*>(&storage[i]), reinterpret_cast<const std::byte*>(first) + std::size_t{i} * stride, stride);
  }
  first = storage.data();
  stride = sizeof(T);
}

Error can_not(std::string_view plugin, const char* what) {
  return {.code = ErrorCode::not_implemented, .text = "the plugin `" + std::string{plugin} + "` can't " + what + "."};
}

}  // namespace

Batch::Batch(ConsumerHandle& consumer, const dispytch_batch* original) : consumer_{&consumer}, original_{original} {
  consumer.unreleased_.fetch_add(1, std::memory_order_relaxed);
  try {
    std::memcpy(static_cast<void*>(&view_), original, std::min<std::size_t>(original->size, sizeof view_));
    lengthen(view_.messages, view_.message_stride, view_.n_messages, messages_);
    lengthen(view_.sources, view_.source_stride, view_.n_sources, sources_);
  } catch (...) {
    release();
    throw;
  }
}

Batch& Batch::operator=(Batch&& other) noexcept {
  if (this == &other) return *this;
  release();
  consumer_ = std::exchange(other.consumer_, nullptr);
  original_ = std::exchange(other.original_, nullptr);
  view_ = std::exchange(other.view_, dispytch_batch{});
  messages_ = std::move(other.messages_);
  sources_ = std::move(other.sources_);
  return *this;
}

void Batch::release() noexcept {
  if (original_ == nullptr) return;
  consumer_->api_.release(consumer_->raw_, std::exchange(original_, nullptr));
  view_ = {};
  // The last touch of the consumer: it may be closed from now on. Release pairs with the acquire in close().
  std::exchange(consumer_, nullptr)->unreleased_.fetch_sub(1, std::memory_order_release);
}

ConsumerHandle::~ConsumerHandle() {
  if (raw_ == nullptr) return;
  if (const Result<void> closed = close(kCloseTimeout); !closed) {
    log::error("plugin." + std::string{adapter_->library().id()}, "Closing a consumer failed: " + closed.error().text);
  }
}

Result<Batch> ConsumerHandle::poll(std::uint32_t max_messages, std::uint64_t max_bytes, std::chrono::milliseconds timeout) {
  dispytch_error error = empty_error();
  const dispytch_batch* batch = nullptr;
  const dispytch_status status = api_.poll(raw_, max_messages, max_bytes, timeout_ms(timeout), &batch, &error);
  if (status < 0) return to_error(status, error, adapter_->library().id(), "polling a consumer");
  if (batch == nullptr) return Batch{};
  return Batch{*this, batch};
}

Result<void> ConsumerHandle::sync(std::chrono::milliseconds timeout) {
  dispytch_error error = empty_error();
  const dispytch_status status = api_.sync(raw_, timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "making settlements durable");
}

Result<void> ConsumerHandle::pause(std::span<const dispytch_source> sources, bool on) {
  if (api_.pause == nullptr) return can_not(adapter_->library().id(), "withhold a single source");
  dispytch_error error = empty_error();
  const dispytch_status status =
      api_.pause(raw_, sources.data(), sizeof(dispytch_source), static_cast<std::uint32_t>(sources.size()), on ? 1 : 0, &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "withholding sources");
}

Result<void> ConsumerHandle::begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds timeout) {
  if (!can(DISPYTCH_CAN_BEGIN)) return can_not(adapter_->library().id(), "remember that a message was about to be handled");
  dispytch_error error = empty_error();
  const dispytch_status status =
      api_.begin(raw_, tokens.data(), static_cast<std::uint32_t>(tokens.size()), on ? 1 : 0, timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "noting that messages are about to be handled");
}

std::vector<dispytch_lag> ConsumerHandle::lag() {
  constexpr std::size_t kUsualSources = 16;
  const dispytch_plugin& table = adapter_->library().table();
  if (!DISPYTCH_HAS(dispytch_plugin, &table, extension) || table.extension == nullptr) return {};
  const auto* const offered = static_cast<const dispytch_lag_api*>(table.extension(DISPYTCH_EXTENSION_LAG));
  if (offered == nullptr || !DISPYTCH_HAS(dispytch_lag_api, offered, lag) || offered->lag == nullptr) return {};
  std::vector<dispytch_lag> lags(kUsualSources);
  for (;;) {
    dispytch_error error = empty_error();
    std::uint32_t count = 0;
    const auto capacity = static_cast<std::uint32_t>(lags.size());
    if (offered->lag(raw_, lags.data(), sizeof(dispytch_lag), capacity, &count, &error) != DISPYTCH_OK) return {};
    lags.resize(count);
    if (count <= capacity) return lags;
  }
}

Result<void> ConsumerHandle::seek(std::span<const dispytch_source> sources, std::chrono::milliseconds timeout) {
  if (api_.seek == nullptr) return can_not(adapter_->library().id(), "move to another offset");
  dispytch_error error = empty_error();
  const dispytch_status status =
      api_.seek(raw_, sources.data(), sizeof(dispytch_source), static_cast<std::uint32_t>(sources.size()), timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "moving to another offset");
}

Result<void> ConsumerHandle::close(std::chrono::milliseconds timeout) {
  if (const std::uint32_t left = unreleased_.load(std::memory_order_acquire); left > 0) {
    return Error{.code = ErrorCode::invalid,
                 .text = "a consumer can't be closed while " + std::to_string(left) +
                         " of its batches are in use; it is left open, and its thread and memory with it."};
  }
  dispytch_error error = empty_error();
  const dispytch_status status = api_.close(std::exchange(raw_, nullptr), timeout_ms(timeout), &error);
  adapter_->host_.remove_cookie(cookie_);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "closing a consumer");
}

}  // namespace dispytch::border
