// A plugin's consumer and the batches that it hands out: its C functions without a copy, and their end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/lag.h>
#include <dispytch/result.hpp>

#include "border/adapter.hpp"
#include "border/document.hpp"

namespace dispytch::border {

class ConsumerHandle;

/// Elements of an array that a plugin wrote, by reference: their stride is at least our sizeof.
template <class T>
class StridedView {
 public:
  StridedView(const T* first, std::size_t stride, std::size_t size) noexcept
      : first_{reinterpret_cast<const std::byte*>(first)}, stride_{stride}, size_{size} {}
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T& operator[](std::size_t index) const noexcept { return *reinterpret_cast<const T*>(first_ + index * stride_); }

  class iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    iterator() noexcept = default;
    iterator(const StridedView* view, std::size_t index) noexcept : view_{view}, index_{index} {}
    const T& operator*() const noexcept { return (*view_)[index_]; }
    iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    iterator operator++(int) noexcept { return {view_, index_++}; }
    bool operator==(const iterator& other) const noexcept { return index_ == other.index_; }

   private:
    const StridedView* view_ = nullptr;
    std::size_t index_ = 0;
  };
  iterator begin() const noexcept { return {this, 0}; }
  iterator end() const noexcept { return {this, size_}; }

 private:
  const std::byte* first_;
  std::size_t stride_;
  std::size_t size_;
};

/// One batch, of messages or of one event, released when this is destroyed: on any thread, in any order, before or after its messages
/// are settled, but before the consumer is closed. Everything that its messages and sources point at dies with it.
class Batch {
 public:
  Batch() noexcept = default;  ///< none: the poll found nothing
  Batch(Batch&& other) noexcept { *this = std::move(other); }
  Batch& operator=(Batch&& other) noexcept;
  ~Batch() { release(); }

  explicit operator bool() const noexcept { return original_ != nullptr; }
  void release() noexcept;

  std::uint32_t kind() const noexcept { return view_.kind; }  ///< DISPYTCH_MESSAGES, DISPYTCH_ASSIGNED, ...
  StridedView<dispytch_message> messages() const noexcept { return {view_.messages, view_.message_stride, view_.n_messages}; }
  StridedView<dispytch_source> sources() const noexcept { return {view_.sources, view_.source_stride, view_.n_sources}; }
  std::span<const std::uint64_t> tokens() const noexcept { return {view_.tokens, view_.n_tokens}; }
  /// The rest: event_token, deadline_ms, code, broker_code, text.
  const dispytch_batch& raw() const noexcept { return view_; }

 private:
  friend class ConsumerHandle;
  Batch(ConsumerHandle& consumer, const dispytch_batch* original);

  ConsumerHandle* consumer_ = nullptr;
  const dispytch_batch* original_ = nullptr;
  dispytch_batch view_ = {};  // of the original, as far as its writer went
  // Copies with zeroes behind them, where the plugin's elements are shorter than ours.
  std::vector<dispytch_message> messages_ = {};
  std::vector<dispytch_source> sources_ = {};
};

class ConsumerHandle {
 public:
  /// Internal to Adapter::open_consumer.
  ConsumerHandle(std::shared_ptr<Adapter> adapter, const dispytch_consumer_api& api, dispytch_consumer* raw, std::uint64_t cookie,
                 std::uint64_t capabilities) noexcept
      : adapter_{std::move(adapter)}, api_{api}, raw_{raw}, cookie_{cookie}, capabilities_{capabilities} {}
  /// Closes within kCloseTimeout if close() wasn't called; an error goes to the log. With a batch unreleased it leaves the plugin's
  /// consumer behind instead, and says so.
  ~ConsumerHandle();
  ConsumerHandle(const ConsumerHandle&) = delete;
  ConsumerHandle& operator=(const ConsumerHandle&) = delete;

  Adapter& adapter() const noexcept { return *adapter_; }
  /// Returns what this consumer can do: DISPYTCH_CAN_*. Any thread.
  std::uint64_t capabilities() const noexcept { return capabilities_; }
  bool can(std::uint64_t bits) const noexcept { return (capabilities_ & bits) == bits; }
  /// Returns what the consumer was opened with: its group and topics. Empty where it was opened by a text.
  const ConsumerDocument& opened_with() const noexcept { return opened_with_; }
  void remember(ConsumerDocument document) { opened_with_ = std::move(document); }
  void set_notify(NotifyCallback callback) { adapter_->host_.set_callback(cookie_, std::move(callback)); }

  // For Message, whose headers are read from the plugin.
  const dispytch_consumer_api& api() const noexcept { return api_; }
  dispytch_consumer* raw() const noexcept { return raw_; }

  /// One thread at a time. Waits up to `timeout` for one batch; an empty one: nothing came. max_messages 0: events only.
  Result<Batch> poll(std::uint32_t max_messages, std::uint64_t max_bytes, std::chrono::milliseconds timeout);
  /// Any thread, never blocks: a waiting poll, or else the next, returns at once.
  void wake() noexcept { api_.wake(raw_); }
  /// Any thread, never blocks. DISPYTCH_EFENCED: a token was stale, the others are settled.
  dispytch_status settle(std::span<const dispytch_settlement> settlements, dispytch_error& error) noexcept {
    return api_.settle(raw_, settlements.data(), sizeof(dispytch_settlement), static_cast<std::uint32_t>(settlements.size()), &error);
  }
  /// Any thread; waits until everything settled before is durable. ErrorCode::timeout where that took too long.
  Result<void> sync(std::chrono::milliseconds timeout);
  /// Any thread, never blocks. ErrorCode::not_implemented where the plugin can't.
  Result<void> pause(std::span<const dispytch_source> sources, bool on);
  /// Any thread. Makes it durable at the broker that these messages are about to be handled (`on`), at most for `timeout`; or takes that
  /// back without waiting. ErrorCode::not_implemented where the plugin can't, fenced for a stale token.
  Result<void> begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds timeout);
  /// Returns how far each source is behind, where the plugin says so and knows. Any thread, never blocks.
  std::vector<dispytch_lag> lag();
  /// Not while poll runs. ErrorCode::not_implemented where the plugin can't.
  Result<void> seek(std::span<const dispytch_source> sources, std::chrono::milliseconds timeout);

  /// After all other calls have returned and every batch is released, once. No notify follows. The consumer is gone whatever is
  /// returned, but for ErrorCode::invalid: a batch is still unreleased and nothing was done.
  Result<void> close(std::chrono::milliseconds timeout);

 private:
  friend class Batch;
  std::shared_ptr<Adapter> adapter_;
  const dispytch_consumer_api& api_;
  dispytch_consumer* raw_;
  std::uint64_t cookie_;
  std::uint64_t capabilities_;
  ConsumerDocument opened_with_ = {};
  std::atomic<std::uint32_t> unreleased_{0};
};

}  // namespace dispytch::border
