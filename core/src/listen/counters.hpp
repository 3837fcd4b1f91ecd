// What a listener has done so far.
#pragma once

#include <atomic>
#include <cstdint>

namespace dispytch::listen {

/// Written by the owner of the listener's state, read by any thread.
struct Counters {
  using Count = std::atomic<std::uint64_t>;
  Count received{0};
  Count handled{0};
  Count unhandled{0};      ///< settled, because no handler wants their type
  Count dropped{0};        ///< settled, because a handler or `on_failure: drop` said so
  Count skipped{0};        ///< settled, because a person said so
  Count retries{0};        ///< attempts that failed and are made again
  Count requeued{0};       ///< of them: the broker keeps the message until it is due
  Count dead_lettered{0};  ///< settled, because the dead letter is confirmed
  Count fenced{0};         ///< handled, but not settled: the source was somebody else's by then
  Count held{0};           ///< held now
  Count waiting{0};        ///< for their next attempt, now
  Count unfinished{0};     ///< in hand now
  Count unfinished_bytes{0};
  Count assigned{0};                ///< sources held now
  std::atomic<bool> joined{false};  ///< the backend has said what this listener reads, be it nothing; or it never says
  std::atomic<bool> down{false};    ///< the broker can't be reached
  std::atomic<std::int64_t> idle_since_ns{
      0};  ///< the clock's monotonic time since which nothing came; 0: something goes on, or nobody has said what is to be read

  /// One writer: no read-modify-write is needed.
  static void add(Count& count, std::uint64_t by) noexcept {
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  static void subtract(Count& count, std::uint64_t by) noexcept {
    count.store(count.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
  }
};

}  // namespace dispytch::listen
