// Where handlers run: on the polling thread, on a pool, or wherever a simulator wants.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "codec/json_codec.hpp"
#include "lane/item.hpp"
#include "listen/runner.hpp"

namespace dispytch::listen {

/// Messages that go to a worker together: the first of some lanes, and what follows them there. What the worker has not begun can be taken
/// back, so that no lane waits for a handler of another one that turns out to be slow.
struct Parcel {
  std::vector<lane::Item*> items = {};             ///< those of one lane stand together
  const handle::BoundHandler* batch_of = nullptr;  ///< set: they are one batch of that handler
  const Runner* runner = nullptr;
  const Clock* clock = nullptr;
  std::function<void(Parcel&)> returned = {};  ///< called at the end of run(), on its thread
  std::chrono::nanoseconds took{};             ///< by all that were tried
  std::size_t tried = 0;

  // The owner of the listener's state.
  std::uint64_t serial = 0;  ///< of this use of the memory; 0: it isn't out
  bool closed = false;
  std::size_t first = 0;  ///< of the items that its return brings back
  std::size_t count = 0;  ///< one past the last of them

  /// Before it is submitted again.
  void open(std::uint64_t new_serial) noexcept {
    serial = new_serial;
    closed = false;
    first = 0;
    count = items.size();
    next_.store(0, std::memory_order_relaxed);
  }
  /// Nothing more of it is begun. Returns how many were; the last of them may still run, the others are over. The owner, once a use.
  std::size_t close() noexcept {
    closed = true;
    return std::min(next_.exchange(kClosed, std::memory_order_acq_rel), items.size());
  }

  /// Tries the messages one after another, or all at once where they are a batch. One that isn't done keeps those of its lane behind it
  /// from being tried; of a source that was let go meanwhile none is begun.
  void run(codec::Decoder& decoder);

 private:
  static constexpr std::size_t kClosed = SIZE_MAX / 2;
  std::atomic<std::size_t> next_{0};  // of the items that nobody has begun, the first
};

/// The owner of the listener's state calls it. It runs each parcel once, each on one thread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// How many parcels run at a time.
  virtual std::size_t workers() const noexcept = 0;
  /// Takes a parcel, which stays the caller's memory until `returned`. Never blocks.
  virtual void submit(Parcel& parcel) = 0;
};

}  // namespace dispytch::listen
