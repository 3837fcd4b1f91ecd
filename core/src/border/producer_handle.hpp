// A plugin's producer: its C functions without a copy, and its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

#include "border/adapter.hpp"

namespace dispytch::border {

class ProducerHandle {
 public:
  /// Internal to Adapter::open_producer.
  ProducerHandle(std::shared_ptr<Adapter> adapter, const dispytch_producer_api& api, dispytch_producer* raw, std::uint64_t cookie,
                 std::uint64_t capabilities) noexcept
      : adapter_{std::move(adapter)}, api_{api}, raw_{raw}, cookie_{cookie}, capabilities_{capabilities} {}
  /// Closes within kCloseTimeout if close() wasn't called; an error goes to the log.
  ~ProducerHandle();
  ProducerHandle(const ProducerHandle&) = delete;
  ProducerHandle& operator=(const ProducerHandle&) = delete;

  Adapter& adapter() const noexcept { return *adapter_; }
  /// What this producer can do: DISPYTCH_CAN_*. Any thread.
  bool can(std::uint64_t bits) const noexcept { return (capabilities_ & bits) == bits; }
  /// Whether the plugin knows the `id` of a message that is sent. One of version 1.0 may keep a whole message as it is, with that pointer.
  bool takes_id() const noexcept { return adapter_->library().table().abi_minor >= 1; }
  /// Any thread. Notifies that came before are lost: look once by yourself.
  void set_notify(NotifyCallback callback) { adapter_->host_.set_callback(cookie_, std::move(callback)); }

  /// Any thread, never blocks. Takes a prefix of `messages`, `accepted` long; a negative status is about the one after it, and is told
  /// in `error` (from empty_error()). DISPYTCH_AGAIN: full, a notify will come.
  dispytch_status send(std::span<const dispytch_message> messages, std::uint32_t& accepted, dispytch_error& error) noexcept {
    accepted = 0;
    return api_.send(raw_, messages.data(), sizeof(dispytch_message), static_cast<std::uint32_t>(messages.size()), &accepted, &error);
  }

  /// One thread at a time, never blocks. Fills the front of `out`, `count` long. `out` must be zeroed: a plugin older than this host
  /// leaves the end of each element as it is. Texts are valid until the next call. A negative status: the plugin failed to report.
  dispytch_status reports(std::span<dispytch_report> out, std::uint32_t& count) noexcept {
    count = 0;
    return api_.reports(raw_, out.data(), sizeof(dispytch_report), static_cast<std::uint32_t>(out.size()), &count);
  }

  /// Any thread; waits until everything accepted before has its report ready. Somebody must go on calling reports() meanwhile.
  /// ErrorCode::timeout where that took too long.
  Result<void> flush(std::chrono::milliseconds timeout);

  /// After all other calls have returned, once. No notify follows. The producer is gone whatever is returned.
  Result<void> close(std::chrono::milliseconds timeout);

 private:
  std::shared_ptr<Adapter> adapter_;
  const dispytch_producer_api& api_;
  dispytch_producer* raw_;
  std::uint64_t cookie_;
  std::uint64_t capabilities_;
};

}  // namespace dispytch::border
