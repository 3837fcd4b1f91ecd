// The emits whose answer is still out, and where their memory comes from.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include <dispytch/emitter.hpp>

#include "base/mutex.hpp"

namespace dispytch::emit {

/// One emit on its way. Its address is the token that crosses the border and comes back in the report.
struct Pending {
  EventEmitter::Done done = {};
  std::atomic<const void*> owner{nullptr};  ///< the emitter that waits for it; null while it lies in the pool
  Pending* next = nullptr;                  ///< the next of its chain in the pool
};

/// Hands out Pendings without a lock for each: every thread keeps a chain of its own, and chains of kChain change hands under the lock.
/// The memory is kept until the process ends: as much as there ever were emits in flight at one time.
class PendingPool {
 public:
  static PendingPool& instance() noexcept;

  /// [any] A free one. Throws std::bad_alloc.
  Pending* take();
  /// [any] Puts back a chain (linked by `next`, ended by null) of one thread's making.
  void put_back(Pending* chain) noexcept;
  void put_back_one(Pending* pending) noexcept;

  /// [any] Calls `use` for each that belongs to `owner`; that emitter must not send meanwhile.
  template <class Use>
  void for_each_of(const void* owner, Use use) {
    const Lock lock{mutex_};
    for (const auto& chunk : chunks_) {
      for (std::size_t i = 0; i < kChain; ++i) {
        if (chunk[i].owner.load(std::memory_order_relaxed) == owner) use(chunk[i]);
      }
    }
  }

 private:
  static constexpr std::size_t kChain = 256;
  struct Local;
  static Local& local() noexcept;
  Pending* take_chain();

  Mutex mutex_;
  std::vector<std::unique_ptr<Pending[]>> chunks_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<Pending*> chains_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::emit
