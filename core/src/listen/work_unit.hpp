// Messages that go to a worker together.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "codec/json_codec.hpp"
#include "inflight/item.hpp"
#include "listen/runner.hpp"

namespace dispytch::listen {

/// The first messages of some lanes, and those that follow them there; or one batch. What the worker has not begun can be taken back, so
/// that no lane waits for a handler of another one that turns out to be slow.
struct WorkUnit {
  std::vector<inflight::Item*> items = {};         ///< those of one lane stand together
  const handle::BoundHandler* batch_of = nullptr;  ///< set: they are one batch of that handler
  const Runner* runner = nullptr;
  const Clock* clock = nullptr;
  /// Called at the end of run(), on its thread; of a batch whose handler emitted perhaps later, by whoever brings the confirmation.
  std::function<void(WorkUnit&)> returned = {};
  std::shared_ptr<AwaitedBatch> awaited = {};  ///< set: the batch has had to wait, and its verdicts are still to be given
  std::chrono::nanoseconds took{};             ///< by all that were tried
  std::size_t tried = 0;

  // The owner of the listener's state.
  std::uint64_t serial = 0;  ///< of this use of the memory; 0: no worker has it
  bool closed = false;
  std::size_t first = 0;  ///< of the items that its return brings back
  std::size_t count = 0;  ///< one past the last of them

  /// Makes it ready to be submitted again.
  void open(std::uint64_t new_serial) noexcept {
    serial = new_serial;
    closed = false;
    first = 0;
    count = items.size();
    next_.store(0, std::memory_order_relaxed);
  }
  /// Keeps the worker from beginning any more of it. Returns how many messages were begun; the last of them may still run, the others are
  /// over. The owner of the listener's state, once a use.
  std::size_t close() noexcept {
    closed = true;
    return std::min(next_.exchange(kClosed, std::memory_order_acq_rel), items.size());
  }

  /// Tries the messages one after another, or all at once where they are a batch. One that is not done keeps those of its lane behind it
  /// from being tried; of a source that was revoked meanwhile none is begun. The worker's thread.
  void run(codec::Decoder& decoder);

 private:
  static constexpr std::size_t kClosed = SIZE_MAX / 2;
  std::atomic<std::size_t> next_{0};  // of the items that nobody has begun, the first
};

}  // namespace dispytch::listen
